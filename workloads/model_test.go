package workloads

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"lsmlab/engines/kv"
)

// model is the simplest right engine: a map under a lock. Scans copy it.
type model struct {
	mu   sync.RWMutex
	data map[string]string
}

func newModel() *model { return &model{data: map[string]string{}} }

func (m *model) Get(dst, key []byte) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok := m.data[string(key)]
	if !ok {
		return dst, kv.ErrNotFound
	}
	return append(dst, v...), nil
}

func (m *model) Apply(b *kv.Batch, _ kv.Durability) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	ops := b.Ops()
	for ops.Next() {
		if ops.Kind == kv.OpDelete {
			delete(m.data, string(ops.Key))
		} else {
			m.data[string(ops.Key)] = string(ops.Value)
		}
	}
	return ops.Err()
}

func (m *model) Scan(lower, upper []byte) kv.Iterator {
	m.mu.RLock()
	defer m.mu.RUnlock()
	it := &modelIterator{at: -1}
	for k, v := range m.data {
		if k >= string(lower) && (upper == nil || k < string(upper)) {
			it.entries = append(it.entries, [2]string{k, v})
		}
	}
	slices.SortFunc(it.entries, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return it
}

func (m *model) Snapshot() (kv.Snapshot, error) { return nil, kv.ErrUnsupported }
func (m *model) Close() error                   { return nil }

type modelIterator struct {
	entries [][2]string
	at      int
	stuck   bool // Next does not move: a fault for tests
}

func (it *modelIterator) First() bool { it.at = 0; return it.at < len(it.entries) }
func (it *modelIterator) Next() bool {
	if !it.stuck {
		it.at++
	}
	return it.at < len(it.entries)
}

func (it *modelIterator) SeekGE(key []byte) bool {
	it.at = sort.Search(len(it.entries), func(i int) bool { return it.entries[i][0] >= string(key) })
	return it.at < len(it.entries)
}
func (it *modelIterator) Key() []byte   { return []byte(it.entries[it.at][0]) }
func (it *modelIterator) Value() []byte { return []byte(it.entries[it.at][1]) }
func (it *modelIterator) Close() error  { return nil }
