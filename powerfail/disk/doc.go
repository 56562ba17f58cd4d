// Package disk is tier 2 of crash testing: real file systems of the host's kernel, on a
// disk of which every write is recorded.
//
//	workload ──► ext4, xfs, btrfs ──► loop device ──► file over FUSE ──► block log
//	    └── begin, ack: marks ───────────────────────────────────────────►┘
//
//	block log ──► crash state ──► disk in memory ──► loop device ──► ext4 ... ──► judge
//
// A run has two parts. The first records ([Record]): the workload writes to a file system
// on a loop device. A process of ours serves the file of that device over FUSE, and logs
// every write to it, with marks where the workload acknowledged something. The second
// explores: it builds a crash state from the log (see package blocklog) on a disk in
// memory, lets the kernel mount this disk and recover the file system, and has a judge say
// whether a power cut may leave the store that is found ([checker]). No part of the file
// system is simulated. Engines that write through mappings, or past the vfs package, are
// recorded like any other.
//
// # What is left behind
//
// Processes, mounts and loop devices outlive a program that is killed. Each of them bears
// the name of the run's [Stage], so it can be found without a record: mount points lie in
// the stage's directory, loop devices are backed by files of that directory or by memory
// files of that name, and processes have the name in their environment. The stage's lock
// tells whether the owner still runs. [Clean] releases everything without an owner.
//
// Concurrency: a Stage may be shared. A recording has one server, which handles requests
// concurrently. A checker belongs to one goroutine. Several checkers work side by side,
// except on file systems that are [FileSystem.Alone].
package disk
