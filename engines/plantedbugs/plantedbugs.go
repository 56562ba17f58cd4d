// Package plantedbugs names the bugs that are planted in the core, for the tests that must
// find them. Most planted bugs need no change of an engine: they are in
// lsmlab/powerfail/bugs.
package plantedbugs

import "lsmlab/engines/internal/planted"

// Built says whether this build has the planted bugs of the core in
// it: it has the build tag plantedbugs.
const Built = planted.Enabled

// Bug is a bug in the core.
type Bug struct {
	Name, About, Breaks string
	Shows               Shows
}

// Shows says where a bug can be seen.
type Shows uint8

// The values of Shows.
const (
	AfterCrash  Shows = iota // in what a crash leaves
	Running                  // in what is read and committed, before any crash
	Racing                   // where two writers of one key commit at the same moment
	LookingBack              // in what a crash leaves, by views of the past
	Reordered                // in what a crash leaves that kept later writes of a file without earlier ones
)

// All returns the bugs that builds with the tag plantedbugs have in the
// core.
func All() []Bug {
	return []Bug{
		{planted.ChecksumSkipped, "the log believes a record whose checksum is wrong", "bytes that were never written are never read", AfterCrash},
		{planted.GapReplayed, "recovery passes over a record of the log that is lost, and replays those behind it", "no write is there without all that came before it", Reordered},
		{planted.BatchSplit, "a batch of several operations becomes several records of the log", "a batch is there as a whole or not at all", AfterCrash},
		{planted.TxnTorn, "a transaction becomes several records of the log, a plain batch one", "a transaction is there as a whole or not at all", AfterCrash},
		{planted.TxnUnchecked, "a commit is not checked for conflicts", "of two transactions that change a key one commits", Running},
		{planted.TxnCheckEarly, "a commit is checked before it has its place in the order, and not again", "of two transactions that change a key one commits", Racing},
		{planted.TxnDiscardApplied, "a transaction is applied when it is discarded", "what was discarded is never there", Running},
		{planted.RangeUnlogged, "the log has a delete of the first key in the place of a range delete", "an acknowledged range delete is never lost", AfterCrash},
		{planted.RangeUnflushed, "a flush does not write down range deletes", "an acknowledged range delete is never lost", AfterCrash},
		{planted.RangeDroppedEarly, "range deletes go while tables hold versions that they hide", "what a range delete hid stays away", AfterCrash},
		{planted.RangePinsIgnored, "flushes and compactions drop versions that a range delete hides and open snapshots read", "the reads of a transaction see one state", Running},
		{planted.PinsIgnored, "flushes and compactions drop versions that open snapshots read", "the reads of a transaction see one state", Running},
		{planted.FloorLate, "the floor becomes durable after the first table that lacks versions", "a view of the past shows what was there or is refused", LookingBack},
		{planted.PastNewest, "a read of the past shows the newest state", "the past reads as it was, or is refused", AfterCrash},
	}
}

// Plant makes the bug of that name active in every store of this process that
// is open or opened from now on; "" makes none active. Without the build tag it
// does nothing.
func Plant(name string) { planted.Set(name) }
