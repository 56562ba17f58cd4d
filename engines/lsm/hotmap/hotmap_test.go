package hotmap

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"lsmlab/engines/testseed"
)

// variants are all maps, and Hybrid with every key hot from its second write on.
var variants = map[string]func() Map[uint64]{
	"global": NewGlobal[uint64], "segmented": NewSegmented[uint64], "hybrid": NewHybrid[uint64],
	"hybrid, all hot": func() Map[uint64] { return newHybrid[uint64](0) },
}

// sound checks the counts of a map of kind Hybrid that nobody uses.
func sound(t *testing.T, m Map[uint64]) {
	t.Helper()
	h, ok := m.(*hybrid[uint64])
	if !ok {
		return
	}
	for i := range h.parts {
		p := &h.parts[i].part
		used, live := 0, 0
		table := *p.table.Load()
		for k := range table {
			if c := table[k].Load(); c != nil {
				used++
				if c.value.Load() != nil {
					live++
				}
			}
		}
		if used != p.used || live != p.live || 4*used > 3*len(table) {
			t.Errorf("segment %d of %d slots has %d cells, %d with a value; it counts %d and %d", i, len(table), used, live, p.used, p.live)
		}
	}
}

// Random operations on few and on many keys are compared with a map. Many deletes make
// Hybrid replace tables that hold deleted cells.
func TestModel(t *testing.T) {
	for name, make := range variants {
		for _, keys := range []uint64{1, 5, 3000} {
			t.Run(fmt.Sprintf("%s/%d", name, keys), func(t *testing.T) {
				rng := testseed.Rand(t)
				m, model := make(), map[uint64]uint64{}
				for i := range uint64(20_000) {
					k := rng.Uint64() % keys
					key := binary.BigEndian.AppendUint64(nil, k)
					switch rng.Uint64() % 4 {
					case 0, 1:
						m.Set(key, i)
						model[k] = i
						clear(key) // keys are copied
					case 2:
						m.Delete(key)
						delete(model, k)
					}
					k = rng.Uint64() % keys
					got, ok := m.Get(binary.BigEndian.AppendUint64(nil, k))
					want, wantOK := model[k]
					if got != want || ok != wantOK {
						t.Fatalf("operation %d: key %d is %d, %v, want %d, %v", i, k, got, ok, want, wantOK)
					}
				}
				sound(t, m)
			})
		}
	}
}

// Every key has one writer, which counts upwards, deletes now and then, and reads what it
// wrote; readers of all keys never see a count go back. With few keys all writers meet at
// them, so that Hybrid promotes them; a lost or misplaced write shows at its writer.
func TestConcurrent(t *testing.T) {
	for name, make := range variants {
		t.Run(name, func(t *testing.T) {
			m := make()
			const writers, readers, rounds = 8, 4, 5000
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					key := fmt.Appendf(nil, "key-%d", w)
					for i := uint64(1); i <= rounds; i++ {
						m.Set(key, i)
						if got, ok := m.Get(key); !ok || got != i {
							t.Errorf("%s is %d, %v after %d was set", key, got, ok, i)
							return
						}
						if i%7 == 0 {
							m.Delete(key)
							if got, ok := m.Get(key); ok {
								t.Errorf("%s is %d after it was deleted", key, got)
								return
							}
						}
						m.Set(fmt.Appendf(nil, "filler-%d-%d", w, i%50), i) // tables are replaced meanwhile
						m.Delete(fmt.Appendf(nil, "filler-%d-%d", w, (i+25)%50))
					}
				})
			}
			for range readers {
				wg.Go(func() {
					var last [writers]uint64
					for range rounds {
						for w := range last {
							got, ok := m.Get(fmt.Appendf(nil, "key-%d", w))
							if ok && got < last[w] {
								t.Errorf("key-%d went back from %d to %d", w, last[w], got)
								return
							}
							last[w] = max(last[w], got)
						}
					}
				})
			}
			wg.Wait()
			sound(t, m)
		})
	}
}

// Writers of one key and a deleter meet there; new keys replace the table meanwhile. In
// the end a write is there and a delete takes it: none goes to a cell that readers do not
// find.
func TestDeleteHotKey(t *testing.T) {
	for name, make := range variants {
		t.Run(name, func(t *testing.T) {
			m := make()
			key := []byte("hot")
			for round := range uint64(200) {
				var wg sync.WaitGroup
				for w := range uint64(3) {
					wg.Go(func() {
						for i := range uint64(50) {
							m.Set(key, w<<32|i)
						}
					})
				}
				wg.Go(func() {
					for i := range 50 {
						m.Delete(key)
						m.Set(fmt.Appendf(nil, "%d-%d", round, i), 0)
					}
				})
				wg.Wait()
				m.Set(key, round)
				if got, ok := m.Get(key); !ok || got != round {
					t.Fatalf("round %d: the key is %d, %v", round, got, ok)
				}
			}
			sound(t, m)
		})
	}
}

// Who finds a lock taken is counted.
func TestContended(t *testing.T) {
	g := NewGlobal[uint64]().(*global[uint64])
	g.Set([]byte("key"), 1)
	if n := g.Contended(); n != 0 {
		t.Errorf("%d waited for nobody", n)
	}
	g.mu.Lock()
	done := make(chan struct{})
	go func() { g.Get([]byte("key")); close(done) }()
	for g.Contended() == 0 {
		runtime.Gosched() // until it waits
	}
	g.mu.Unlock()
	<-done
	if n := g.Contended(); n != 1 {
		t.Errorf("%d waited, want 1", n)
	}
}

// All writers of one key add to it by reading and writing; what counts is that the last
// value that each wrote was there at some time, and that the final one is one of them.
func TestOneHotKey(t *testing.T) {
	for name, make := range variants {
		t.Run(name, func(t *testing.T) {
			m := make()
			key := []byte("hot")
			const writers, rounds = 8, 20_000
			var wg sync.WaitGroup
			for w := range uint64(writers) {
				wg.Go(func() {
					for i := range uint64(rounds) {
						m.Set(key, w<<32|i)
					}
				})
			}
			wg.Wait()
			got, ok := m.Get(key)
			if !ok || got&(1<<32-1) != rounds-1 {
				t.Errorf("the last value is write %d of writer %d, %v: want the last of some writer", got&(1<<32-1), got>>32, ok)
			}
			m.Delete(key)
			if _, ok := m.Get(key); ok {
				t.Error("the hot key is there after it was deleted")
			}
		})
	}
}
