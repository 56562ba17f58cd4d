package clock

const hasCycles = true

// readCycles returns the time stamp counter after all instructions before it.
func readCycles() uint64
