package engines

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"lsmlab/engines/cluster"
	"lsmlab/engines/cluster/jump"
	"lsmlab/engines/kv"
	"lsmlab/engines/nearest"
)

// Made is a kind of engine that is made of engines: KINDn:ENGINE, where n is how many and
// ENGINE the name of any engine that can be one of them, with its options if it takes any.
// An option of the kind stands before the colon.
type Made struct {
	Kind   string // "raft"
	Parts  string // what the engine has n of: "members"
	Most   int    // n is 1 to Most
	Option string // without its "+"; "" if there is none
	About  string
	With   string // what Option changes

	describe func(n int, option bool, inner Info) (Info, error)
}

// AllMade returns the kinds of engines that are made of engines.
func AllMade() []Made {
	return []Made{
		{
			Kind: "raft", Parts: "members", Most: cluster.MaxMembers, Option: "lease",
			About:    "n replicas in one process under etcd's Raft; reads by ReadIndex",
			With:     "reads in the caller's goroutine, by a lease of the leader: no member's clock may be faster than the leader's by an eighth",
			describe: replicas,
		},
		{
			Kind: "jump", Parts: "shards", Most: jump.MaxShards,
			About:    "n shards in one process, by jump consistent hashing; batches across shards are atomic",
			describe: shards,
		},
	}
}

// Pattern returns how engines of the kind are named: raftN[+lease]:ENGINE.
func (m *Made) Pattern() string {
	option := ""
	if m.Option != "" {
		option = "[+" + m.Option + "]"
	}
	return m.Kind + "N" + option + ":ENGINE"
}

// madeHead is what stands before the colon.
var madeHead = regexp.MustCompile(`^([^0-9+]*)([0-9]*)(\+.*)?$`)

// madeOfEngines says whether an engine of that name is made of several. Colons may stand in
// values of options too, as in lsm-bptree+gc=window:1s.
func madeOfEngines(name string) bool {
	head, _, ok := strings.Cut(name, ":")
	return ok && !strings.Contains(head, "=")
}

// lookupMade returns the engine of a name with a colon.
func lookupMade(name string) (Info, error) {
	head, rest, _ := strings.Cut(name, ":")
	m, n, option, err := parseHead(head)
	if err != nil {
		return Info{}, fmt.Errorf("engine %s: %w", name, err)
	}
	inner, err := Lookup(rest)
	if err != nil {
		return Info{}, fmt.Errorf("engine %s: %w", name, err)
	}
	info, err := m.describe(n, option, inner)
	if err != nil {
		return Info{}, fmt.Errorf("engine %s: %w", name, err)
	}
	info.Version = Version(info.Module)
	return info, nil
}

func parseHead(head string) (m *Made, n int, option bool, err error) {
	parts := madeHead.FindStringSubmatch(head)
	if parts == nil {
		parts = []string{"", head, "", ""}
	}
	if m, err = lookupKind(parts[1]); err != nil {
		return nil, 0, false, err
	}
	if n, err = strconv.Atoi(parts[2]); err != nil || n < 1 || n > m.Most {
		return nil, 0, false, fmt.Errorf("%w: %q %s, want 1 to %d, as in %s", kv.ErrUnsupported, parts[2], m.Parts, m.Most, m.Pattern())
	}
	switch given := strings.TrimPrefix(parts[3], "+"); {
	case parts[3] == "":
	case m.Option == "":
		return nil, 0, false, fmt.Errorf("%w: %s takes no options; those of ENGINE stand behind its name", kv.ErrUnsupported, m.Pattern())
	case given != m.Option:
		return nil, 0, false, nearest.Unknown("option of "+m.Pattern(), given, []string{m.Option})
	default:
		option = true
	}
	return m, n, option, nil
}

func lookupKind(kind string) (*Made, error) {
	var known []string
	for _, m := range AllMade() {
		if m.Kind == kind {
			return &m, nil
		}
		known = append(known, m.Kind)
	}
	return nil, nearest.Unknown("kind of engine made of engines", kind, known)
}
