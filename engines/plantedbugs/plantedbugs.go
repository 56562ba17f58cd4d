// Package plantedbugs names the bugs that are planted in the core, for the tests that must
// find them. Most planted bugs need no change of an engine: they are in
// lsmlab/powerfail/bugs.
package plantedbugs

import "lsmlab/engines/internal/planted"

// Built says whether this build has the planted bugs of the core in
// it: it has the build tag plantedbugs.
const Built = planted.Enabled

// Bug is a bug in the core.
type Bug struct{ Name, About, Breaks string }

// All returns the bugs that builds with the tag plantedbugs have in the
// core.
func All() []Bug {
	return []Bug{
		{planted.ChecksumSkipped, "the log believes a record whose checksum is wrong", "bytes that were never written are never read"},
		{planted.BatchSplit, "a batch of several operations becomes several records of the log", "a batch is there as a whole or not at all"},
	}
}

// Plant makes the bug of that name active in every store of this process that
// is open or opened from now on; "" makes none active. Without the build tag it
// does nothing.
func Plant(name string) { planted.Set(name) }
