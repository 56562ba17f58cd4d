package model

import (
	"math/rand/v2"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
)

// Kind is the meaning of a profile in the model of a file system.
type Kind struct {
	Strict bool
	Keeps  []float64 // probabilities with which a random state keeps unsynced things; nil if there is only one state
	Blocks []int     // sizes, in bytes, of the blocks that are lost or survive as a whole
	Lies   bool      // syncs do nothing
}

// KindOf returns the meaning of the profile.
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

// Durable is the crash that takes everything that it may take.
func (k Kind) Durable() State { return State{CrashOptions: vfs.CrashOptions{Strict: k.Strict}} }

// Draw returns a random crash of the kind, and the function that decides in it. Keeps
// must not be nil.
func (k Kind) Draw(rng *rand.Rand) (State, Chooser) {
	o := vfs.CrashOptions{Strict: k.Strict, BlockSize: k.Blocks[rng.IntN(len(k.Blocks))]}
	o.Garbage = k.Strict && rng.IntN(4) == 0
	return State{CrashOptions: o}, vfs.Chance(k.Keeps[rng.IntN(len(k.Keeps))], rng)
}

// Lie is a disk that reports success of syncs without doing anything, for
// [vfs.NewInject].
func Lie(op vfs.Op) vfs.Fault {
	switch op.Kind {
	case vfs.OpSync, vfs.OpSyncData, vfs.OpSyncDir, vfs.OpOpenDSync:
		return vfs.Fault{Lie: true}
	}
	return vfs.Fault{}
}
