package arena

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
)

// TestRefused has the system refuse memory: arenas go on, first from the reserve and
// then from the Go heap, and Refill and Probe say so until memory is given again. All
// that was taken is given back.
func TestRefused(t *testing.T) {
	var refuse atomic.Bool
	refuseMemory(func(int) error {
		if refuse.Load() {
			return syscall.ENOMEM
		}
		return nil
	})
	defer refuseMemory(nil)
	if err := Refill(); err != nil {
		t.Fatal(err)
	}
	before := Held()
	refuse.Store(true)
	if err := Refill(); err != nil {
		t.Errorf("nothing was taken from the reserve, Refill gave %v", err)
	}
	if err := Probe(5 << 20); !errors.Is(err, kv.ErrExhausted) || !errors.Is(err, syscall.ENOMEM) {
		t.Errorf("Probe gave %v", err)
	}
	a := New()
	for i := range 3 * reserveChunks { // one and a half chunks each: what the pool has is no help
		ref := a.Alloc(3 << 20)
		b := a.Bytes(ref, 3<<20)
		b[0], b[len(b)-1] = byte(i), byte(i)
	}
	for range 3 * reserveChunks {
		a.Alloc(chunkSize - 2*Align) // single chunks
	}
	if err := Refill(); !errors.Is(err, kv.ErrExhausted) {
		t.Errorf("Refill gave %v from a system that refuses memory", err)
	}
	a.Release()
	if n := Held(); n != before {
		t.Errorf("%d bytes held, want %d", n, before)
	}
	refuse.Store(false)
	if err := errors.Join(Refill(), Probe(5<<20)); err != nil {
		t.Error(err)
	}
}
