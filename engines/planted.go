package engines

import "lsmlab/engines/internal/planted"

// PlantedBug is a bug in the core.
type PlantedBug struct{ Name, About, Breaks string }

// PlantedBugs returns the bugs in the core of this build: none without the build
// tag plantedbugs.
func PlantedBugs() []PlantedBug {
	if !planted.Enabled {
		return nil
	}
	return []PlantedBug{
		{planted.ChecksumSkipped, "the log believes a record whose checksum is wrong", "bytes that were never written are never read"},
		{planted.BatchSplit, "a batch of several operations becomes several records of the log", "a batch is there as a whole or not at all"},
	}
}

// PlantBug makes the bug of that name active in every store of this process that
// is open or opened from now on; "" makes none active.
func PlantBug(name string) { planted.Set(name) }
