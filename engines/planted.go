package engines

import "lsmlab/engines/internal/planted"

// PlantedBugsBuilt says whether this build has the planted bugs of the core in
// it: it has the build tag plantedbugs.
const PlantedBugsBuilt = planted.Enabled

// PlantedBug is a bug in the core.
type PlantedBug struct{ Name, About, Breaks string }

// PlantedBugs returns the bugs that builds with the tag plantedbugs have in the
// core.
func PlantedBugs() []PlantedBug {
	return []PlantedBug{
		{planted.ChecksumSkipped, "the log believes a record whose checksum is wrong", "bytes that were never written are never read"},
		{planted.BatchSplit, "a batch of several operations becomes several records of the log", "a batch is there as a whole or not at all"},
	}
}

// PlantBug makes the bug of that name active in every store of this process that
// is open or opened from now on; "" makes none active. Without the build tag it
// does nothing.
func PlantBug(name string) { planted.Set(name) }
