package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/harness/field"
	"lsmlab/powerfail/explore"
)

// Options are the options that campaigns of all tiers have.
type Options struct {
	Engines  []string          // empty: a person's own program
	Profiles []explore.Profile // weakest adversary first
	States   int64             // distinct crash states to check, of each engine and profile
	Seed     uint64            // of all programs and choices
	Depth    int               // crashes that follow each other, 1 or more
	Shard    Shard
	Bug      string // planted; "": none
	Findings int    // that end an engine, 1 or more
	// Levels are the isolation levels of the transactions in generated programs. If it is
	// empty, these are all levels that the engine gives.
	Levels []kv.Isolation
}

// SetProfiles sets the profiles by their names, each once.
func (o *Options) SetProfiles(names []string) error {
	o.Profiles = nil
	for _, name := range names {
		p, err := explore.ParseProfile(name)
		if err != nil {
			return err
		}
		if !slices.Contains(o.Profiles, p) {
			o.Profiles = append(o.Profiles, p)
		}
	}
	return nil
}

// Check refuses values that make no sense. Its error is a [*field.Error].
func (o *Options) Check() error {
	switch {
	case o.Depth < 1 || o.Depth > 5:
		return Wrong("depth", "is %d: want 1 to 5", o.Depth)
	case o.States < 1:
		return Wrong("states", "is %d: want 1 or more", o.States)
	case o.Findings < 1:
		return Wrong("findings", "is %d: want 1 or more", o.Findings)
	}
	return nil
}

// WeakestFirst sorts the profiles, the weakest first, as a finding should be shown under
// the weakest profile that can show it.
func (o *Options) WeakestFirst() {
	slices.SortFunc(o.Profiles, func(a, b explore.Profile) int { return len(a.Weaker()) - len(b.Weaker()) })
}

// Shard is part I of N of the work. The zero value is all of it. It is a flag's value.
type Shard struct{ I, N int }

// Takes says whether item n of the work, counted from 0, belongs to this part.
func (s Shard) Takes(n int) bool { return s.N == 0 || n%s.N == s.I }

// Set reads I/N.
func (s *Shard) Set(text string) (err error) {
	i, n, ok := strings.Cut(text, "/")
	if s.I, err = strconv.Atoi(i); err == nil {
		s.N, err = strconv.Atoi(n)
	}
	if !ok || err != nil || s.N < 1 || s.I < 0 || s.I >= s.N {
		return fmt.Errorf("%q: want I/N with I from 0 to N-1, such as 0/4", text)
	}
	return nil
}

// String returns I/N, "" of the zero value.
func (s *Shard) String() string {
	if s.N == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.I, s.N)
}

// Type names the kind of value in a command's help.
func (s *Shard) Type() string { return "I/N" }

// Wrong returns the [*field.Error] of an option, such as "disk_size".
func Wrong(name, format string, args ...any) error {
	return field.Wrong("campaign", name, format, args...)
}
