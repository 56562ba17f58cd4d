// Package drive runs the measured part of a cell: threads that carry out a
// workload on an engine, by the clock or as fast as they can, and everything that
// is read while they do.
//
//	Drive      threads on one engine; what they did, as figures of a result
//	Laps       threads whose work is no stream of operations of an engine
//	Meter      counters of process, machine and engine before and after, and
//	           gauges every 100 ms in between
//	Calibrate  what all of this costs each operation
//
// Invariants:
//
//  1. A thread shares nothing with the others but start, deadline and stop, which
//     are only read while the thread works. Threads lie apart in memory. Laps of more
//     threads than recorders share those, between two operations alone.
//  2. Every thread has ended its warm-up before any starts its measured part.
//  3. A closed loop reads the clock once an operation: the end of one is the start
//     of the next. Making the next operation and checking the last result are
//     therefore part of the time of an operation. The calibration says how much.
//  4. An open loop starts operations by the clock. Their latency is taken from the
//     real start and from the intended one, so that the time in which an operation
//     had to wait for a slow one before it is not lost.
package drive
