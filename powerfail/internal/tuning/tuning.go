// Package tuning sets the memory of a process that runs many short simulations.
package tuning

import (
	"runtime"
	"runtime/debug"
)

// Memory sets the garbage collector of this process to what explorations need, and
// returns a function that restores it. One goroutine calls it before explorations begin.
func Memory() (restore func()) {
	// Disks and stores become garbage within microseconds, so the collector runs less
	// often: at nine times the reachable heap. The limit keeps a large scenario from
	// taking nine times as much memory as it needs.
	percent, limit := debug.SetGCPercent(800), debug.SetMemoryLimit(512<<20)
	// The heap profile keeps every call stack that ever allocated. Nested recoveries make
	// new stacks without end. In the end the profile alone would exceed the memory limit,
	// and the collector would run all the time.
	rate := runtime.MemProfileRate
	runtime.MemProfileRate = 0
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		runtime.MemProfileRate = rate
	}
}
