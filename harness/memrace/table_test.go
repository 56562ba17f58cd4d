package memrace_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"

	"lsmlab/harness/memrace"
)

// Every structure must do what a race times: insert from several threads, find
// what was inserted and nothing else, and walk all of it in order.
func TestTables(t *testing.T) {
	for _, table := range append(memrace.Own(), memrace.Peers()...) {
		t.Run(table.Name, func(t *testing.T) {
			const n, threads = 4000, 4
			m := table.New(n, n*40)
			defer m.Release()
			var wg sync.WaitGroup
			for part := range threads {
				wg.Go(func() {
					for i := part; i < n; i += threads {
						m.Insert(testKey(i*2), fmt.Appendf(nil, "value %d", i*2), uint64(i+1))
						if _, ok := m.Get(testKey(i * 2)); !ok {
							t.Errorf("key %d is lost right after its insert", i*2)
						}
					}
				})
			}
			wg.Wait()
			for i := range n {
				if v, ok := m.Get(testKey(i * 2)); !ok || string(v) != fmt.Sprintf("value %d", i*2) {
					t.Fatalf("key %d: %q %v", i*2, v, ok)
				}
				if v, ok := m.Get(testKey(i*2 + 1)); ok {
					t.Fatalf("key %d was never inserted, got %q", i*2+1, v)
				}
			}
			var keys []string
			m.Walk(func(key, _ []byte) bool { keys = append(keys, string(key)); return true })
			if len(keys) != n || !slices.IsSorted(keys) {
				t.Fatalf("the walk gives %d keys, sorted %v", len(keys), slices.IsSorted(keys))
			}
			stopped := 0
			m.Walk(func(_, _ []byte) bool { stopped++; return stopped < 10 })
			if stopped != 10 {
				t.Errorf("a walk that was told to stop after 10 saw %d", stopped)
			}
		})
	}
}

func testKey(i int) []byte {
	return binary.BigEndian.AppendUint64([]byte("prefix--"), uint64(i)*0x9e3779b97f4a7c15)
}
