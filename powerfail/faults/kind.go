package faults

import (
	"slices"
	"time"
)

// Kind names a fault of the vocabulary.
type Kind string

// Part of the file format; do not rename.
const (
	KindDelay     Kind = "delay"
	KindLoss      Kind = "loss"
	KindDuplicate Kind = "duplicate"
	KindCorrupt   Kind = "corrupt"
	KindPartition Kind = "partition"
	KindBandwidth Kind = "bandwidth"
	KindClock     Kind = "clock"
	KindCPU       Kind = "cpu"
	KindMemory    Kind = "memory"
	KindKill      Kind = "kill"
	KindStop      Kind = "stop"
	KindIOError   Kind = "io-error"
	KindIODelay   Kind = "io-delay"
	KindPowerCut  Kind = "power-cut"
)

// Kinds returns all kinds, sorted by name. The caller owns the slice.
func Kinds() []Kind {
	all := []Kind{
		KindDelay, KindLoss, KindDuplicate, KindCorrupt, KindPartition, KindBandwidth, KindClock,
		KindCPU, KindMemory, KindKill, KindStop, KindIOError, KindIODelay, KindPowerCut,
	}
	slices.Sort(all)
	return all
}

// Instant reports whether a fault of the kind has no duration.
func (k Kind) Instant() bool { return k == KindKill || k == KindPowerCut }

// Action says how strong a fault is. It is one of the types in this file.
type Action interface{ action() }

// Direction distinguishes packets that the target sends from packets that it receives.
type Direction string

// Part of the file format; do not rename.
const (
	To   Direction = "to"
	From Direction = "from"
	Both Direction = "both"
)

// Traffic says which packets of the target are affected.
type Traffic struct {
	Peer      *Target // nil means every peer
	Direction Direction
}

// Delay holds packets back.
type Delay struct {
	Traffic
	Delay, Jitter time.Duration
	Correlation   float64 // percent
}

// Packets loses, duplicates or corrupts, by the kind of its fault.
type Packets struct {
	Traffic
	Percent     float64
	Correlation float64 // percent
}

// Partition lets no packet through.
type Partition struct{ Traffic }

// Bandwidth limits traffic by a token bucket.
type Bandwidth struct {
	Traffic
	RateBits   int64 // a second
	QueueBytes int64 // may wait for tokens
	BurstBytes int64 // may pass at once
}

// Clock changes clocks by an offset.
type Clock struct {
	Offset    time.Duration
	Realtime  bool
	Monotonic bool
}

// CPU runs workers that compute.
type CPU struct {
	Workers     int
	LoadPercent int // of one CPU, for each worker
}

// Memory runs workers that hold memory.
type Memory struct {
	Workers   int
	SizeBytes int64 // for each worker
}

// Kill ends a process by SIGKILL.
type Kill struct{}

// Stop holds a process by SIGSTOP until the fault ends.
type Stop struct{}

// PowerCut ends a machine. Everything that was not synced is lost.
type PowerCut struct{}

// Files says which operations on files are affected.
type Files struct {
	Volume     string   // where the file system is mounted
	Path       string   // a pattern; "" means every file
	Operations []string // empty means all operations
	Percent    int
}

// IOError fails operations on files.
type IOError struct {
	Files
	Errno Errno
}

// IODelay makes operations on files wait.
type IODelay struct {
	Files
	Delay time.Duration
}

func (Delay) action()     {}
func (Packets) action()   {}
func (Partition) action() {}
func (Bandwidth) action() {}
func (Clock) action()     {}
func (CPU) action()       {}
func (Memory) action()    {}
func (Kill) action()      {}
func (Stop) action()      {}
func (PowerCut) action()  {}
func (IOError) action()   {}
func (IODelay) action()   {}
