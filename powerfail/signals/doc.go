// Package signals applies the faults kill and stop of a fault file (package
// faults) to processes of this machine, by SIGKILL, SIGSTOP and SIGCONT.
//
// Time is a Clock's, so that the same schedule runs against real time and against
// a virtual one. Which processes there are is asked anew for each fault, since a
// process that was killed may have been started again.
//
// Invariants: a process that is held by several faults goes on when the last of
// them ends; whatever way Run returns, no process stays held.
package signals
