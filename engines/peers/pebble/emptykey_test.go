package pebble

import (
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/peers"
)

// TestEmptyKeyAlone writes the empty key and a neighbour that does not fit into
// its data block. Pebble v2.1.7 panics on it without the mapping of keys.
func TestEmptyKeyAlone(t *testing.T) {
	e, err := Open(t.TempDir(), peers.Options{CacheSize: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var b kv.Batch
	b.Set(nil, nil)
	b.Set([]byte("a"), make([]byte, 1<<16))
	if err := e.Apply(&b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	if err := e.(kv.Flusher).Flush(); err != nil {
		t.Fatal(err)
	}
	if value, err := e.Get(nil, nil); err != nil || len(value) != 0 {
		t.Fatalf("get of the empty key: %q, %v", value, err)
	}
}
