package bbolt

import (
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/peers"
)

func harness(d kv.Durability) kvtest.Harness {
	return kvtest.Harness{
		Open: func(dir string) (kv.Engine, error) {
			return Open(dir, peers.Options{Durability: d})
		},
		WritersWait: true,
	}
}

func TestBuffered(t *testing.T) { kvtest.Run(t, harness(kv.Buffered)) }
func TestRandom(t *testing.T)   { kvtest.Random(t, harness(kv.Buffered)) }
func FuzzEngine(f *testing.F)   { kvtest.Fuzz(f, harness(kv.Buffered)) }

// TestSynced runs the tests of durability at the other level.
func TestSynced(t *testing.T) {
	for _, c := range kvtest.Cases() {
		if strings.HasPrefix(c.Name, "Durability") || strings.HasPrefix(c.Name, "Close") || c.Name == "Reopen" {
			t.Run(c.Name, func(t *testing.T) { c.Run(t, harness(kv.Synced)) })
		}
	}
}
