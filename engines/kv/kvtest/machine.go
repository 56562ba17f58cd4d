package kvtest

import (
	"math/rand/v2"
	"strings"
	"sync"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// InMemory returns a harness for an engine that lives on any file system: each store
// has a disk in memory of its own, with its checkpoints, and machines crash as [vfs.Mem]
// lets them.
func InMemory(open func(fs vfs.FS, dir string) (kv.Engine, error)) Harness {
	var mu sync.Mutex
	disks := map[string]vfs.FS{}
	return Harness{
		Open: func(dir string) (kv.Engine, error) {
			mu.Lock()
			defer mu.Unlock()
			store, _, _ := strings.Cut(dir, checkpointSuffix)
			if disks[store] == nil {
				disks[store] = vfs.NewMem()
			}
			return open(disks[store], dir)
		},
		NewMachine: func() Machine { return &memMachine{open, vfs.NewMem()} },
	}
}

// memMachine is a simulated computer: its disk is a vfs.Mem.
type memMachine struct {
	open func(fs vfs.FS, dir string) (kv.Engine, error)
	disk *vfs.Mem
}

func (m *memMachine) Open(dir string) (kv.Engine, error) { return m.open(m.disk, dir) }

func (m *memMachine) Crash(kind CrashKind, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	o := vfs.CrashOptions{ProcessCrash: true}
	if kind == PowerOff {
		o = vfs.CrashOptions{
			Choose:    vfs.Chance([]float64{0, 0.3, 0.6, 1}[rng.IntN(4)], rng),
			BlockSize: []int{512, 4096}[rng.IntN(2)],
			Strict:    rng.IntN(2) == 0,
			Garbage:   rng.IntN(2) == 0,
		}
		o.Garbage = o.Garbage && o.Strict
	}
	m.disk = m.disk.CrashClone(o)
}
