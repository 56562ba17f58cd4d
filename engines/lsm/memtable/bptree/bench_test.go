package bptree

import (
	"bytes"
	"sync"
	"testing"

	"github.com/tidwall/btree"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/memtabletest"
)

// BenchmarkMemTable races the table against tidwall/btree behind a lock.
func BenchmarkMemTable(b *testing.B) {
	memtabletest.Race(b, []memtabletest.Contestant{
		{Name: "bptree", New: New},
		{Name: "tidwall", New: newTidwall},
	})
}

// tidwall is github.com/tidwall/btree as its users would make a MemTable of it:
// keys and values copied into an arena, a RWMutex around all.
type tidwall struct {
	mu   sync.RWMutex
	tree *btree.BTreeG[pair]
	mem  *arena.Arena
}

type pair struct {
	key   ikey.Key
	value []byte
}

func newTidwall(memtable.Options) memtable.MemTable {
	less := func(a, b pair) bool {
		if c := bytes.Compare(a.key.User, b.key.User); c != 0 {
			return c < 0
		}
		return a.key.Trailer > b.key.Trailer
	}
	return &tidwall{
		tree: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true}),
		mem:  arena.New(),
	}
}

func (t *tidwall) Add(k ikey.Key, value []byte) {
	n := len(k.User)
	b := t.mem.Bytes(t.mem.Alloc(n+len(value)), n+len(value))
	copy(b, k.User)
	copy(b[n:], value)
	t.mu.Lock()
	t.tree.Set(pair{ikey.Key{User: b[:n:n], Trailer: k.Trailer}, b[n:]})
	t.mu.Unlock()
}

func (t *tidwall) Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	t.mu.RLock()
	t.tree.Ascend(pair{key: ikey.SeekKey(user, seq)}, func(p pair) bool {
		if ok = bytes.Equal(p.key.User, user); ok {
			value, kind = p.value, p.key.Trailer.Kind()
		}
		return false
	})
	t.mu.RUnlock()
	return value, kind, ok
}

// NewIterator does not lock: the benchmark walks a table at rest.
func (t *tidwall) NewIterator() ikey.Iterator { return &tidwallIter{t.tree.Iter()} }
func (t *tidwall) Size() int64                { return t.mem.Size() } // without the nodes
func (t *tidwall) Release()                   { t.mem.Release() }

type tidwallIter struct{ it btree.IterG[pair] }

func (i *tidwallIter) First() bool            { return i.it.First() }
func (i *tidwallIter) SeekGE(k ikey.Key) bool { return i.it.Seek(pair{key: k}) }
func (i *tidwallIter) Next() bool             { return i.it.Next() }
func (i *tidwallIter) Key() ikey.Key          { return i.it.Item().key }
func (i *tidwallIter) Value() []byte          { return i.it.Item().value }
func (i *tidwallIter) Close() error           { i.it.Release(); return nil }
