// Package disk is tier 2 of crash testing: real file systems of the host's
// kernel on a disk whose every write is known.
//
//	workload ──► ext4, xfs, btrfs ──► loop device ──► file over FUSE ──► block log
//	    └── begin, ack: marks ───────────────────────────────────────────►┘
//
//	block log ──► crash state ──► disk in memory ──► loop device ──► ext4 ... ──► judge
//
// A run records first ([Record]): the workload writes to a file system on a loop
// device, whose file a process of ours serves over FUSE and logs, with marks for
// what the workload was acknowledged. Then it explores: a state of the log (see
// package blocklog) is put on a disk in memory, the kernel mounts it, which
// recovers the file system, and a judge says whether the store on it may be what
// the power cut left ([checker]). Nothing of the file system is simulated, and
// engines that write through mappings or without our vfs are seen like any other.
//
// # What is left behind
//
// Processes, mounts and loop devices outlive a killed program. All of a run bear
// the name of its [Stage], so what a run leaves is found without a record of it:
// mount points lie in the stage's directory, loop devices stand on files of that
// directory or on memory files of that name, processes have it in their
// environment. The stage's lock says whether its owner lives. [Clean] releases
// what has no owner.
//
// Concurrency: a Stage may be shared. A recording uses one server, which serves
// requests beside each other. A checker belongs to one goroutine; several work
// side by side, but on file systems that are not [FileSystem.Alone].
package disk
