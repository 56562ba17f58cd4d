package rbtree

import (
	"bytes"
	"sync"
	"testing"

	"github.com/emirpasic/gods/trees/redblacktree"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/memtabletest"
)

// BenchmarkMemTable races the table against emirpasic/gods behind a lock.
func BenchmarkMemTable(b *testing.B) {
	memtabletest.Race(b, []memtabletest.Contestant{
		{Name: "rbtree", New: New},
		{Name: "gods", New: newGods},
	})
}

// gods is github.com/emirpasic/gods/trees/redblacktree as its users would make a
// MemTable of it: keys and values copied into an arena, a RWMutex around all.
type gods struct {
	mu   sync.RWMutex
	tree *redblacktree.Tree
	mem  *arena.Arena
}

func newGods(memtable.Options) memtable.MemTable {
	compare := func(a, b any) int { return ikey.Compare(*a.(*ikey.Key), *b.(*ikey.Key)) }
	return &gods{tree: redblacktree.NewWith(compare), mem: arena.New()}
}

func (t *gods) Add(k ikey.Key, value []byte) {
	n := len(k.User)
	b := t.mem.Bytes(t.mem.Alloc(n+len(value)), n+len(value))
	copy(b, k.User)
	copy(b[n:], value)
	t.mu.Lock()
	t.tree.Put(&ikey.Key{User: b[:n:n], Trailer: k.Trailer}, b[n:])
	t.mu.Unlock()
}

func (t *gods) Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	k := ikey.SeekKey(user, seq)
	t.mu.RLock()
	if n, found := t.tree.Ceiling(&k); found {
		if key := n.Key.(*ikey.Key); bytes.Equal(key.User, user) {
			value, kind, ok = n.Value.([]byte), key.Trailer.Kind(), true
		}
	}
	t.mu.RUnlock()
	return value, kind, ok
}

// NewIterator does not lock: the benchmark walks a table at rest.
func (t *gods) NewIterator() ikey.Iterator { it := t.tree.Iterator(); return &godsIter{it} }
func (t *gods) Size() int64                { return t.mem.Size() } // without the nodes
func (t *gods) Release()                   { t.mem.Release() }

type godsIter struct{ it redblacktree.Iterator }

func (i *godsIter) First() bool            { return i.it.First() }
func (i *godsIter) SeekGE(k ikey.Key) bool { panic("not measured") }
func (i *godsIter) Next() bool             { return i.it.Next() }
func (i *godsIter) Key() ikey.Key          { return *i.it.Key().(*ikey.Key) }
func (i *godsIter) Value() []byte          { return i.it.Value().([]byte) }
func (i *godsIter) Close() error           { return nil }
