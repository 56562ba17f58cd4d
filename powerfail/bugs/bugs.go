// Package bugs holds the planted bugs: mistakes that storage engines have made,
// put into ours on purpose, to show that crash testing sees them. Most are file
// systems that lie to a sound engine, so that the engine carries no switch for
// them; the rest are in the core behind the build tag `plantedbugs`. One bug at a
// time is planted in a process.
//
// [Rows] is the table of tier by bug. `make test` plants each bug in each tier
// that can see it, and fails if one is not found.
package bugs

import (
	"fmt"
	"slices"
	"strings"

	"lsmlab/engines/fileroles"
	"lsmlab/engines/plantedbugs"
	"lsmlab/engines/vfs"
)

// Bug is one planted bug.
type Bug struct {
	Name   string `json:"name"`
	About  string `json:"about"`  // what goes wrong, in one line
	Breaks string `json:"breaks"` // the demand on an engine that it breaks
	// Wrap returns the file system seen by an engine with the bug. Each opening of
	// a store gets one of its own.
	Wrap func(vfs.FS) vfs.FS `json:"-"`
	// Tiers are those that can see it; each must. If there are none, Unseen names the test
	// that sees it.
	Tiers []string `json:"tiers"`
	// Unseen says why the other tiers cannot, in one line; "" if there are none.
	Unseen string `json:"unseen,omitempty"`
	// Core is set for a bug in the code of the engine, which only builds with the
	// tag plantedbugs have.
	Core bool `json:"core,omitempty"`
	// Engine is one that shows the bug, if those of the tests do not.
	Engine string `json:"engine,omitempty"`
}

// Sees says whether a tier can see the bug.
func (b *Bug) Sees(tier string) bool { return slices.Contains(b.Tiers, tier) }

// All returns every bug, in the order in which they are shown.
func All() []Bug {
	all := lies()
	for _, b := range plantedbugs.All() {
		plant := func(fs vfs.FS) vfs.FS {
			plantedbugs.Plant(b.Name)
			return fs
		}
		tiers, unseen := seenIn(b.Shows)
		bug := Bug{Name: b.Name, About: b.About, Breaks: b.Breaks, Wrap: plant, Tiers: tiers, Unseen: unseen, Core: true}
		if b.Shows == plantedbugs.LookingBack {
			bug.Engine = keeper
		}
		all = append(all, bug)
	}
	return all
}

// keeper is an engine that keeps a little of its past, so that most views are refused.
const keeper = "lsm-skiplist+gc=window:1us"

// seenIn returns the tiers that can see a bug of the core, and why the others cannot.
func seenIn(shows plantedbugs.Shows) (tiers []string, unseen string) {
	switch shows {
	case plantedbugs.Running:
		return allTiers()[:1], "shows while the program runs, before any crash: tests look for it in tier sim, and the others report it where it is met"
	case plantedbugs.Racing:
		return nil, "takes two writers of one key at the same moment, and writers of programs own their keys: `FuzzTxn` of engines/lsm sees it"
	case plantedbugs.Reordered:
		return allTiers()[:1], "takes a later write of the log that is there without an earlier one, and what a kernel writes of one file in the tests hardly leaves that"
	case plantedbugs.LookingBack:
		return allTiers()[:1], "takes an engine that keeps its past (`+gc=window:1us`): tests look for it in tier sim"
	}
	return allTiers(), ""
}

// allTiers returns the names of all tiers, the fastest first.
func allTiers() []string { return []string{"sim", "disk", "vm"} }

// lies are the bugs that need no change of an engine.
func lies() []Bug {
	everywhere, inMemory := allTiers(), allTiers()[:1]
	return []Bug{
		{
			Name: "wal-sync-skipped", About: "a commit does not sync the log",
			Breaks: "acknowledged means synced", Wrap: lying(vfs.OpSyncData, "wal"), Tiers: everywhere,
		},
		{
			Name: "ack-before-sync", About: "the log is synced after the acknowledgement, when it is written again",
			Breaks: "acknowledged means synced", Wrap: late("wal"), Tiers: everywhere,
		},
		{
			Name: "dir-sync-skipped", About: "directories are never synced",
			Breaks: "a file is found under its name after a sync", Wrap: lying(vfs.OpSyncDir, "dir"), Tiers: inMemory,
			Unseen: "the journal of ext4 keeps entries in order, and the sync of a file takes those before it along",
		},
		{
			Name: "edit-not-synced", About: "an edit of the manifest is not synced",
			Breaks: "what a manifest lets go of is not needed any more", Wrap: lying(vfs.OpSyncData, "manifest"), Tiers: everywhere,
		},
		{
			Name: "manifest-not-synced", About: "a new manifest is not synced before CURRENT names it",
			Breaks: "CURRENT names a whole manifest", Wrap: lying(vfs.OpSync, "manifest"), Tiers: everywhere,
		},
		{
			Name: "rename-before-sync", About: "CURRENT is renamed into place without a sync of its content",
			Breaks: "CURRENT names a manifest", Wrap: lying(vfs.OpSync, "current"), Tiers: everywhere,
		},
		{
			Name: "table-not-synced", About: "a table is not synced before the manifest names it and its log goes",
			Breaks: "a log goes after its table is durable", Wrap: lying(vfs.OpSync, "table"), Tiers: everywhere,
		},
		{
			Name: "recovered-log-not-synced", About: "recovery does not sync what it read of the log",
			Breaks: "what a store has shown stays, also after a kill and a power cut", Wrap: lying(vfs.OpSync, "wal"), Tiers: inMemory,
			Unseen: "shows after a kill alone that a power cut follows: what is recorded here closes its store before it opens it again",
		},
		{
			Name: "torn-tail-kept", About: "recovery does not remove the segments behind the last record of the log",
			Breaks: "what recovery dropped does not come back", Wrap: lying(vfs.OpRemove, "wal"), Tiers: inMemory,
			Unseen: "takes a segment that is there while a record before it is lost, which a journal that orders entries hardly leaves",
		},
		{
			Name: "sync-error-ignored", About: "an error of a sync is taken for success",
			Breaks: "after a failed sync nothing more is promised", Wrap: deaf, Tiers: []string{"sim", "vm"},
			Unseen: "the recorded disk never fails",
		},
		{
			Name: "write-error-ignored", About: "an error of a write is taken for success",
			Breaks: "a write that failed is not acknowledged", Wrap: hasty, Tiers: inMemory,
			Unseen: "a kernel takes each write into its memory, and tells of a disk that fails at the sync",
		},
	}
}

// Rows returns the table of tier by bug for people: titles, then a row for each bug.
func Rows() [][]string {
	rows := [][]string{append(append([]string{"planted bug"}, allTiers()...), "what is wrong", "why it is not seen")}
	for _, b := range All() {
		row := []string{b.Name}
		for _, tier := range allTiers() {
			row = append(row, map[bool]string{true: "seen", false: "-"}[b.Sees(tier)])
		}
		rows = append(rows, append(row, b.About, b.Unseen))
	}
	return rows
}

// Lookup returns the bug of that name, if this build has it.
func Lookup(name string) (Bug, error) {
	var known []string
	for _, b := range All() {
		known = append(known, b.Name)
		switch {
		case b.Name != name:
		case b.Core && !plantedbugs.Built:
			return Bug{}, fmt.Errorf("planted bug %q is in the core, which needs a build with -tags plantedbugs", name)
		default:
			return b, nil
		}
	}
	return Bug{}, fmt.Errorf("no planted bug %q, want one of %s", name, strings.Join(known, ", "))
}

// lying skips an operation on files of a role and says that it was done.
func lying(kind vfs.OpKind, role string) func(vfs.FS) vfs.FS {
	return func(fs vfs.FS) vfs.FS {
		return vfs.NewInject(fs, func(op vfs.Op) vfs.Fault {
			return vfs.Fault{Lie: op.Kind == kind && fileroles.Of(op.Path) == role}
		})
	}
}
