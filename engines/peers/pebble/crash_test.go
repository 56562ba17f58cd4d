package pebble

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/peers"
)

// machine crashes Pebble's own in-memory file system, below walFS: a power
// failure takes any part of what was not synced.
type machine struct{ disk *vfs.MemFS }

func (m *machine) Open() (kv.Engine, error) {
	return open("db", peers.Options{CacheSize: 1 << 20, MemTableSize: 64 << 10}, m.disk)
}

func (m *machine) Crash(kind kvtest.CrashKind, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng}
	if kind == kvtest.PowerOff {
		cfg.UnsyncedDataPercent = []int{0, 10, 50, 90}[rng.IntN(4)]
	}
	m.disk = m.disk.CrashClone(cfg)
}

func TestCrash(t *testing.T) {
	kvtest.Random(t, kvtest.Harness{NewMachine: func() kvtest.Machine {
		return &machine{vfs.NewCrashableMem()}
	}})
}

func FuzzCrash(f *testing.F) {
	kvtest.Fuzz(f, kvtest.Harness{NewMachine: func() kvtest.Machine {
		return &machine{vfs.NewCrashableMem()}
	}})
}
