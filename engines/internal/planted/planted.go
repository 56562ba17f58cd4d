// Package planted holds the switches of the bugs that are planted in the core to
// show that crash testing sees them. Without the build tag plantedbugs, Is is
// false at compile time and the code of the bugs is not there.
package planted

// The bugs. Others, which need no change of the core, are in powerfail/bugs.
const (
	ChecksumSkipped = "checksum-skipped" // the log believes a record without its checksum
	BatchSplit      = "batch-split"      // a batch of several operations is several records
)
