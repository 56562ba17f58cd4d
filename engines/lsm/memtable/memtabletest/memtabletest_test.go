package memtabletest

import (
	"bytes"
	"sync"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// naive is the model behind the interface: the suite must pass on it.
type naive struct {
	mu sync.RWMutex
	model
	size int64
}

func newNaive(memtable.Options) memtable.MemTable { return &naive{} }

func (n *naive) Add(k ikey.Key, value []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.model.add(k, value)
	n.size += int64(len(k.User) + len(value) + 16)
}

func (n *naive) Get(user []byte, seq ikey.Seq) ([]byte, ikey.Kind, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.get(user, seq)
}

func (n *naive) NewIterator() ikey.Iterator { return &naiveIter{n: n} }

func (n *naive) Size() int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.size
}

func (n *naive) Release() {}

type naiveIter struct {
	n  *naive
	at entry
}

func (it *naiveIter) First() bool { return it.SeekGE(ikey.SeekKey(nil, ikey.MaxSeq)) }

func (it *naiveIter) SeekGE(k ikey.Key) bool {
	it.n.mu.RLock()
	defer it.n.mu.RUnlock()
	i, _ := it.n.find(k)
	return it.stand(i)
}

func (it *naiveIter) Next() bool {
	it.n.mu.RLock()
	defer it.n.mu.RUnlock()
	i, _ := it.n.find(it.at.key)
	return it.stand(i + 1)
}

func (n *naive) NewReverseIterator() ikey.ReverseIterator { return &naiveIter{n: n} }

func (it *naiveIter) SeekLT(k ikey.Key) bool {
	it.n.mu.RLock()
	defer it.n.mu.RUnlock()
	i, _ := it.n.find(k)
	return i > 0 && it.stand(i-1)
}

func (it *naiveIter) Prev() bool { return it.SeekLT(it.at.key) }

func (it *naiveIter) stand(i int) bool {
	if i >= len(it.n.entries) {
		return false
	}
	it.at = it.n.entries[i]
	return true
}

func (it *naiveIter) Key() ikey.Key { return it.at.key }
func (it *naiveIter) Value() []byte { return it.at.value }
func (it *naiveIter) Close() error  { return nil }

func TestNaive(t *testing.T) { Run(t, newNaive) }
func FuzzNaive(f *testing.F) { Fuzz(f, newNaive) }

func TestCheckValue(t *testing.T) {
	user := []byte("user")
	v := valueOf(user, 77, 30)
	if seq, err := checkValue(user, v); err != nil || seq != 77 {
		t.Errorf("checkValue = %d, %v", seq, err)
	}
	for i := range v {
		bad := bytes.Clone(v)
		bad[i] ^= 0x10
		if _, err := checkValue(user, bad); err == nil {
			t.Errorf("byte %d damaged, not noticed", i)
		}
	}
	if _, err := checkValue([]byte("usfr"), v); err == nil {
		t.Error("value of another key taken")
	}
}
