// Package vm is tier 3 of crash testing: an engine runs in a virtual machine, on
// a real file system of a real kernel, and the power is cut from outside, or by
// faults in the kernel's own block layer. After a reboot the oracle judges what
// is there, in the guest.
//
// # How a cell runs
//
//	host: Lab                                   guest: init (package guest)
//	boot, mount the disk of the store  -------> control port
//	start the worker                   -------> /tools/lsmlab crash worker
//	note each line at its position  <---------- worker port: begin ID, ack ID
//	one byte back: go on               ------->
//	fault or cut, as the method says
//	boot again, mount                  ------->
//	history, position of the cut       -------> /tools/lsmlab crash check
//	verdict                         <---------- control port
//
// The worker waits for a byte after each line. So every line has its exact place among the
// writes of the disk, and no ack comes before the writes that it depends on.
//
// Methods that cut once (see type cut) lose what the guest held in memory, or what a fault
// swallowed. All other methods record every operation on the disk as a blocklog.Log. This
// process or the guest's kernel does the recording. Many crash states are made from the
// log, and one more machine judges them one after the other.
//
// # Invariants
//
//  1. No machine outlives its context, its limit or this process.
//  2. Files, sockets and disks have no names. Nothing is left in any folder,
//     whatever ends the process.
//  3. The guest never syncs, unmounts or decides on its own.
//  4. A machine that goes on from a snapshot has never seen the disk of a store. Its kernel
//     drops what it has cached of the disk before each mount.
//
// # Where the seconds go
//
// It takes 4.1 s from a cold boot to the verdict of one cut, the median of
// BenchmarkBootToVerdict on two cores of 2.5 GHz. The machine that judges boots beside the
// first one. It then runs the program once, which halves the start time of the check.
//
//	QEMU and firmware, until the kernel's first line    0.3 s
//	kernel, until it starts init                        1.4
//	init: Go's runtime, modules, ports; mounts          0.5
//	start of the worker, until its first write          0.8
//	ten writes, kill, mount                             0.2
//	check                                               0.5
//	two machines slow each other                        0.4
//
// A [Lab] runs one cell at a time. QEMU emulates the processor (TCG), so the lab also runs on
// machines that are themselves virtual.
package vm
