package model

import (
	"math/rand/v2"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
)

// Kind is how a profile shows in the model of a file system.
type Kind struct {
	Strict bool
	Keeps  []float64 // shares of unsynced things that random states keep; nil if there is one state alone
	Blocks []int     // sizes in bytes of what is lost or found as a whole
	Lies   bool      // syncs do nothing
}

// KindOf returns how the profile shows.
func KindOf(p explore.Profile) Kind {
	switch p {
	case explore.Ext4Ordered:
		return Kind{Keeps: []float64{0.3, 0.7, 0.9}, Blocks: []int{4096, 512}}
	case explore.PosixStrict:
		return Kind{Strict: true, Keeps: []float64{0.1, 0.3, 0.6, 0.9}, Blocks: []int{512, 4096}}
	case explore.LyingDisk:
		return Kind{Strict: true, Keeps: []float64{0.5, 0.9, 0.99}, Blocks: []int{512, 4096}, Lies: true}
	}
	return Kind{} // drop-all
}

// Durable is the crash that takes all that it may.
func (k Kind) Durable() State { return State{CrashOptions: vfs.CrashOptions{Strict: k.Strict}} }

// Draw returns a random kind of crash, and what decides in it. Keeps must not be nil.
func (k Kind) Draw(rng *rand.Rand) (State, Chooser) {
	o := vfs.CrashOptions{Strict: k.Strict, BlockSize: k.Blocks[rng.IntN(len(k.Blocks))]}
	o.Garbage = k.Strict && rng.IntN(4) == 0
	return State{CrashOptions: o}, vfs.Chance(k.Keeps[rng.IntN(len(k.Keeps))], rng)
}

// Lie is a disk that answers syncs without doing anything, for [vfs.NewInject].
func Lie(op vfs.Op) vfs.Fault {
	switch op.Kind {
	case vfs.OpSync, vfs.OpSyncData, vfs.OpSyncDir, vfs.OpOpenDSync:
		return vfs.Fault{Lie: true}
	}
	return vfs.Fault{}
}
