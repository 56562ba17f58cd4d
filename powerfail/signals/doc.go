// Package signals applies the faults kill and stop of a fault file (package faults) to
// processes of this machine, by SIGKILL, SIGSTOP and SIGCONT.
//
// A Clock gives the time, so that the same schedule runs in real time and in virtual
// time. The list of processes is read again for each fault, because a process that was
// killed may have been started again.
//
// Invariants:
//
//  1. A process that several faults stop goes on when the last of these faults ends.
//  2. However Run returns, it leaves no process stopped.
package signals
