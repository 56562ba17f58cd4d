// Package bugs holds the planted bugs: mistakes that storage engines have made,
// put into ours on purpose, to show that crash testing sees them. Most are file
// systems that lie to a sound engine, so that the engine carries no switch for
// them; the rest are in the core behind the build tag `plantedbugs`. One bug at a
// time is planted in a process.
package bugs

import (
	"fmt"
	"strings"

	"lsmlab/engines"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
)

// Bug is one planted bug.
type Bug struct {
	Name   string `json:"name"`
	About  string `json:"about"`  // what goes wrong, in one line
	Breaks string `json:"breaks"` // the demand on an engine that it breaks
	// Wrap returns the file system seen by an engine with the bug. Each opening of
	// a store gets one of its own.
	Wrap func(vfs.FS) vfs.FS `json:"-"`
	// Tiers are those that can see it; each must.
	Tiers []string `json:"tiers"`
}

// All returns every bug of this build, in the order in which they are shown.
func All() []Bug {
	all := lies()
	for _, b := range engines.PlantedBugs() {
		plant := func(fs vfs.FS) vfs.FS {
			engines.PlantBug(b.Name)
			return fs
		}
		all = append(all, Bug{b.Name, b.About, b.Breaks, plant, inMemory})
	}
	return all
}

// lies are the bugs that need no change of an engine.
func lies() []Bug {
	return []Bug{
		{
			"wal-sync-skipped", "a commit does not sync the log",
			"acknowledged means synced", lying(vfs.OpSyncData, "wal"), everywhere,
		},
		{
			"ack-before-sync", "the log is synced after the acknowledgement, when it is written again",
			"acknowledged means synced", late("wal"), everywhere,
		},
		{
			"dir-sync-skipped", "directories are never synced",
			"a file is found under its name after a sync", lying(vfs.OpSyncDir, "dir"), inMemory,
		},
		{
			"edit-not-synced", "an edit of the manifest is not synced",
			"what a manifest lets go of is not needed any more", lying(vfs.OpSyncData, "manifest"), everywhere,
		},
		{
			"manifest-not-synced", "a new manifest is not synced before CURRENT names it",
			"CURRENT names a whole manifest", lying(vfs.OpSync, "manifest"), everywhere,
		},
		{
			"rename-before-sync", "CURRENT is renamed into place without a sync of its content",
			"CURRENT names a manifest", lying(vfs.OpSync, "current"), inMemory,
		},
		{
			"table-not-synced", "a table is not synced before the manifest names it and its log goes",
			"a log goes after its table is durable", lying(vfs.OpSync, "table"), everywhere,
		},
		{
			"recovered-log-not-synced", "recovery does not sync what it read of the log",
			"what a store has shown stays, also after a kill and a power cut", lying(vfs.OpSync, "wal"), inMemory,
		},
		{
			"torn-tail-kept", "recovery does not cut off what is behind the last record of the log",
			"what recovery dropped does not come back", lying(vfs.OpTruncate, "wal"), inMemory,
		},
		{
			"sync-error-ignored", "an error of a sync is taken for success",
			"after a failed sync nothing more is promised", deaf, inMemory,
		},
		{
			"write-error-ignored", "an error of a write is taken for success",
			"a write that failed is not acknowledged", hasty, inMemory,
		},
	}
}

var (
	everywhere = []string{"sim", "disk", "vm"}
	inMemory   = []string{"sim"}
)

// Lookup returns the bug of that name.
func Lookup(name string) (Bug, error) {
	var known []string
	for _, b := range All() {
		if b.Name == name {
			return b, nil
		}
		known = append(known, b.Name)
	}
	return Bug{}, fmt.Errorf("no planted bug %q, want one of %s (those in the core need a build with -tags plantedbugs)",
		name, strings.Join(known, ", "))
}

// lying skips an operation on files of a role and says that it was done.
func lying(kind vfs.OpKind, role string) func(vfs.FS) vfs.FS {
	return func(fs vfs.FS) vfs.FS {
		return vfs.NewInject(fs, func(op vfs.Op) vfs.Fault {
			return vfs.Fault{Lie: op.Kind == kind && explore.Role(op.Path) == role}
		})
	}
}
