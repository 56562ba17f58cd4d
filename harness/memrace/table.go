// Package memrace races bare in-memory ordered tables: the MemTable variants, and
// public structures with the same purpose. All do the same work, without a WAL, a flush
// or a store around them.
//
// All tables hold versions, as the core's MemTables do: they get a user key, a sequence
// number and a value. Peers that have only plain keys get the user key alone, as their
// users would do, so they do a little less work.
package memrace

import (
	"sync"

	skl "github.com/dgraph-io/badger/v4/skl"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/emirpasic/gods/trees/redblacktree"
	gbtree "github.com/google/btree"
	tbtree "github.com/tidwall/btree"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// Map is what a race needs of a table. Insert, Get and Walk must be safe for concurrent
// use.
type Map interface {
	// Insert adds key with a value. seq rises with every call and is unique. The table
	// must copy what it keeps of key and value.
	Insert(key, value []byte, seq uint64)
	// Get returns a view of the newest value of key.
	Get(key []byte) (value []byte, ok bool)
	// Walk calls f with every entry in order until f returns false. It may hold a lock
	// of the table during the whole walk.
	Walk(f func(key, value []byte) bool)
	// Size returns how many bytes the table says that it holds, or 0 if it does not
	// say.
	Size() int64
	// Release gives the memory back. The table must not be used afterwards.
	Release()
}

// Table is a structure by name.
type Table struct {
	Name   string
	Module string // Go module of the library; "" for tables of this module
	About  string
	Own    bool // a MemTable of the core
	// New makes an empty table that will get the given number of entries, with size
	// bytes of keys and values in all.
	New func(entries, size int64) Map
}

// fromMemTable adapts a variant of the core.
func fromMemTable(name, about string, f memtable.Factory) Table {
	return Table{Name: name, About: about, Own: true, New: func(_, size int64) Map {
		return own{f(memtable.Options{SizeHint: size})}
	}}
}

type own struct{ t memtable.MemTable }

func (o own) Insert(key, value []byte, seq uint64) {
	o.t.Add(ikey.New(key, ikey.Seq(seq), ikey.Set), value)
}

func (o own) Get(key []byte) ([]byte, bool) {
	v, kind, ok := o.t.Get(key, ikey.MaxSeq)
	return v, ok && kind == ikey.Set
}

func (o own) Walk(f func(key, value []byte) bool) {
	it := o.t.NewIterator()
	defer func() { _ = it.Close() }() // memory cannot fail
	for ok := it.First(); ok && f(it.Key().User, it.Value()); ok = it.Next() {
	}
}

func (o own) Size() int64 { return o.t.Size() }
func (o own) Release()    { o.t.Release() }

// Peers returns the public structures.
func Peers() []Table {
	return []Table{
		{Name: "badger-skl", Module: "github.com/dgraph-io/badger/v4", About: "github.com/dgraph-io/badger/v4/skl: lock-free skiplist in one arena of fixed size, as badger uses it", New: newSkl},
		{Name: "tidwall-btree", Module: "github.com/tidwall/btree", About: "github.com/tidwall/btree BTreeG: B-tree of key-value structs with its own RWMutex", New: newTidwall},
		{Name: "google-btree", Module: "github.com/google/btree", About: "github.com/google/btree BTreeG, degree 32, behind an RWMutex as its users do: it is not safe for concurrent use", New: newGoogle},
		{Name: "gods-redblack", Module: "github.com/emirpasic/gods", About: "github.com/emirpasic/gods red-black tree of string keys behind an RWMutex as its users do: it is not safe for concurrent use", New: newGods},
	}
}

// badgerSkl stores key + 8 bytes of version, which is badger's own form.
type badgerSkl struct{ s *skl.Skiplist }

func newSkl(entries, size int64) Map {
	// The arena does not grow. Beside key and value, an entry takes 8 bytes of version, about
	// 3 of value header, and a node of 16 + 4*height bytes, rounded up to 8. Heights are 1.5
	// on average.
	return badgerSkl{skl.NewSkiplist(size + entries*56 + 1<<20)}
}

func (b badgerSkl) Insert(key, value []byte, seq uint64) {
	b.s.Put(y.KeyWithTs(key, seq), y.ValueStruct{Value: value})
}

func (b badgerSkl) Get(key []byte) ([]byte, bool) {
	v := b.s.Get(y.KeyWithTs(key, 1<<63))
	return v.Value, v.Version != 0
}

func (b badgerSkl) Walk(f func(key, value []byte) bool) {
	it := b.s.NewIterator()
	defer func() { _ = it.Close() }()
	for it.SeekToFirst(); it.Valid() && f(y.ParseKey(it.Key()), it.Value().Value); it.Next() {
	}
}

func (b badgerSkl) Size() int64 { return b.s.MemSize() }
func (b badgerSkl) Release()    { b.s.DecrRef() }

// pair is an entry of a B-tree.
type pair struct{ key, value []byte }

func pairLess(a, b pair) bool { return string(a.key) < string(b.key) }

// copyPair returns a copy of the entry in one allocation.
func copyPair(key, value []byte) pair {
	b := make([]byte, len(key)+len(value))
	n := copy(b, key)
	copy(b[n:], value)
	return pair{b[:n:n], b[n:]}
}

type tidwall struct{ t *tbtree.BTreeG[pair] }

func newTidwall(_, _ int64) Map { return tidwall{tbtree.NewBTreeG(pairLess)} }

func (t tidwall) Insert(key, value []byte, _ uint64) { t.t.Set(copyPair(key, value)) }
func (t tidwall) Get(key []byte) ([]byte, bool) {
	p, ok := t.t.Get(pair{key: key})
	return p.value, ok
}

func (t tidwall) Walk(f func(key, value []byte) bool) {
	t.t.Scan(func(p pair) bool { return f(p.key, p.value) })
}
func (t tidwall) Size() int64 { return 0 }
func (t tidwall) Release()    {}

type google struct {
	mu sync.RWMutex
	t  *gbtree.BTreeG[pair]
}

func newGoogle(_, _ int64) Map { return &google{t: gbtree.NewG(32, pairLess)} }

func (g *google) Insert(key, value []byte, _ uint64) {
	p := copyPair(key, value)
	g.mu.Lock()
	g.t.ReplaceOrInsert(p)
	g.mu.Unlock()
}

func (g *google) Get(key []byte) ([]byte, bool) {
	g.mu.RLock()
	p, ok := g.t.Get(pair{key: key})
	g.mu.RUnlock()
	return p.value, ok
}

func (g *google) Walk(f func(key, value []byte) bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	g.t.Ascend(func(p pair) bool { return f(p.key, p.value) })
}
func (g *google) Size() int64 { return 0 }
func (g *google) Release()    {}

type gods struct {
	mu sync.RWMutex
	t  *redblacktree.Tree
}

func newGods(_, _ int64) Map { return &gods{t: redblacktree.NewWithStringComparator()} }

func (g *gods) Insert(key, value []byte, _ uint64) {
	k, v := string(key), append([]byte(nil), value...)
	g.mu.Lock()
	g.t.Put(k, v)
	g.mu.Unlock()
}

func (g *gods) Get(key []byte) ([]byte, bool) {
	g.mu.RLock()
	v, ok := g.t.Get(string(key))
	g.mu.RUnlock()
	if !ok {
		return nil, false
	}
	return v.([]byte), true
}

func (g *gods) Walk(f func(key, value []byte) bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for it := g.t.Iterator(); it.Next(); {
		if !f([]byte(it.Key().(string)), it.Value().([]byte)) {
			return
		}
	}
}
func (g *gods) Size() int64 { return 0 }
func (g *gods) Release()    {}
