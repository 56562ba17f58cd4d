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
// The worker waits for a byte after each line, so every line has its exact place
// among the writes of the disk, and no ack is older than what made it true.
//
// Methods that cut once (see type cut) take what the guest held in memory, or
// what a fault swallowed. The others record all that the disk was asked to do,
// by this process or by the guest's kernel, as a blocklog.Log; from that come
// many crash states, which one more machine judges one after the other.
//
// # Invariants
//
//  1. No machine outlives its context, its limit or this process.
//  2. Files, sockets and disks have no names. Nothing is left in any folder,
//     whatever ends the process.
//  3. The guest never syncs, unmounts or decides on its own.
//  4. A machine that goes on from a snapshot has never seen the disk of a store:
//     what its kernel has cached of it is dropped before each mount.
//
// # Where the seconds go
//
// One cold cut to its verdict takes 4.1 s, the median of BenchmarkBootToVerdict on
// two cores of 2.5 GHz. The machine that judges boots beside the first, and then
// runs the program once, so that it is half as long to start for the check.
//
//	QEMU and firmware, until the kernel's first line    0.3 s
//	kernel, until it starts init                        1.4
//	init: Go's runtime, modules, ports; mounts          0.5
//	start of the worker, until its first write          0.8
//	ten writes, kill, mount                             0.2
//	check                                               0.5
//	two machines slow each other                        0.4
//
// A [Lab] runs one cell at a time. QEMU emulates the processor (TCG): machines
// that are themselves virtual need no more than a program to run it.
package vm
