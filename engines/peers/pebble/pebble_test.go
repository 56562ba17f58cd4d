package pebble

import (
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/peers"
)

// Small tables make the short tests flush and compact.
var harness = kvtest.Harness{Open: func(dir string) (kv.Engine, error) {
	return Open(dir, peers.Options{CacheSize: 8 << 20, MemTableSize: 256 << 10})
}}

func TestEngine(t *testing.T) {
	h := harness
	h.NewMachine = newMachine
	kvtest.Run(t, h)
}

func TestRandom(t *testing.T) { kvtest.Random(t, harness) }
func FuzzEngine(f *testing.F) { kvtest.Fuzz(f, harness) }
