// Package planted holds the switches of those bugs that are planted in the core, to
// show that crash testing sees them. Without the build tag plantedbugs, Is is false at
// compile time, and the compiler removes the code of the bugs.
package planted

// The bugs. Bugs that need no change of the core are in powerfail/bugs.
const (
	ChecksumSkipped = "checksum-skipped" // recovery accepts a record of the log without checking its checksum
	GapReplayed     = "gap-replayed"     // recovery replays the records behind one that is lost
	BatchSplit      = "batch-split"      // a batch of several operations is written as several records

	TxnTorn           = "txn-torn"            // a transaction is written as several records, plain batches are not
	TxnUnchecked      = "txn-unchecked"       // no commit meets a conflict
	TxnCheckEarly     = "txn-check-early"     // a commit is checked before it has its place in the order, and not again
	TxnDiscardApplied = "txn-discard-applied" // a transaction is applied when it is discarded
	PinsIgnored       = "pins-ignored"        // versions go that open snapshots read
	GarbageGuessed    = "garbage-guessed"     // a table counts as garbage what open snapshots read, and is written again for it
	FloorLate         = "floor-late"          // the floor becomes durable after the first table that lacks versions
	PastNewest        = "past-newest"         // a read of the past shows the newest state

	RangeUnlogged     = "range-unlogged"      // the log has a delete of the first key for each range delete
	RangeUnflushed    = "range-unflushed"     // a flush does not write down range deletes
	RangeDroppedEarly = "range-dropped-early" // range deletes go while tables hold versions that they hide
	RangePinsIgnored  = "range-pins-ignored"  // versions go that a range delete hides, and an open snapshot reads
)
