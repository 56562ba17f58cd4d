// Package tuning sets the memory of a process that runs many short simulations.
package tuning

import (
	"runtime"
	"runtime/debug"
)

// Memory sets the collector of this process to what explorations need, and returns
// what sets it back. It is called before they begin, by one goroutine.
func Memory() (restore func()) {
	// Disks and stores live for microseconds: collect less often, unless what lives
	// of a large scenario would make that nine times as much of a lot.
	percent, limit := debug.SetGCPercent(800), debug.SetMemoryLimit(512<<20)
	// The heap profile keeps every call stack that ever allocated. Recoveries within
	// recoveries make new ones without end, until the profile alone is over the memory
	// limit and the collector runs all the time.
	rate := runtime.MemProfileRate
	runtime.MemProfileRate = 0
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		runtime.MemProfileRate = rate
	}
}
