package skiplist

import (
	"encoding/binary"
	"testing"

	"github.com/dgraph-io/badger/v4/skl"
	"github.com/dgraph-io/badger/v4/y"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/memtabletest"
)

// BenchmarkMemTable races the table against badger's arena skiplist.
func BenchmarkMemTable(b *testing.B) {
	memtabletest.Race(b, []memtabletest.Contestant{
		{Name: "skiplist", New: New},
		{Name: "badger", New: newBadger},
	})
}

// BenchmarkChoices races the table against itself without one idea each.
func BenchmarkChoices(b *testing.B) {
	with := func(name string, change func(*tuning)) memtabletest.Contestant {
		tune := defaultTuning
		change(&tune)
		return memtabletest.Contestant{Name: name, New: factory(tune)}
	}
	memtabletest.Race(b, []memtabletest.Contestant{
		with("as-is", func(*tuning) {}),
		with("halves", func(t *tuning) { t.height = halving }),
		with("quarters", func(t *tuning) { t.height = quartering }),
		with("half-index", func(t *tuning) { t.lessons = []lesson{{2, 8}, {32, 11}, {256, 14}, {1024, 16}} }),
		with("no-index", func(t *tuning) { t.lessons = []lesson{{2, 3}, {32, 3}, {1024, 3}} }),
		with("no-abbreviations", func(t *tuning) { t.lessons = nil }),
	})
}

// badger is github.com/dgraph-io/badger/v4/skl behind the interface, for keys
// of 16 bytes. Its keys end in the inverted version, 8 bytes big-endian.
type badger struct{ list *skl.Skiplist }

const badgerArena = 256 << 20 // it cannot grow

func newBadger(memtable.Options) memtable.MemTable {
	return &badger{skl.NewSkiplist(badgerArena)}
}

func badgerKey(buf *[24]byte, user []byte, seq ikey.Seq) []byte {
	copy(buf[:16], user)
	binary.BigEndian.PutUint64(buf[16:], ^uint64(seq))
	return buf[:]
}

func (t *badger) Add(k ikey.Key, value []byte) {
	var buf [24]byte
	t.list.Put(badgerKey(&buf, k.User, k.Trailer.Seq()), y.ValueStruct{Meta: byte(k.Trailer.Kind()), Value: value})
}

func (t *badger) Get(user []byte, seq ikey.Seq) ([]byte, ikey.Kind, bool) {
	var buf [24]byte
	v := t.list.Get(badgerKey(&buf, user, seq))
	return v.Value, ikey.Kind(v.Meta), v.Value != nil
}

func (t *badger) NewIterator() ikey.Iterator { return &badgerIter{t.list.NewIterator(), false} }
func (t *badger) Size() int64                { return t.list.MemSize() }
func (t *badger) Release()                   { t.list.DecrRef() }

type badgerIter struct {
	it    *skl.Iterator
	moved bool
}

func (i *badgerIter) First() bool            { i.it.SeekToFirst(); return i.it.Valid() }
func (i *badgerIter) SeekGE(k ikey.Key) bool { panic("not measured") }
func (i *badgerIter) Next() bool             { i.it.Next(); return i.it.Valid() }
func (i *badgerIter) Value() []byte          { return i.it.Value().Value }
func (i *badgerIter) Close() error           { return i.it.Close() }

func (i *badgerIter) Key() ikey.Key {
	k := i.it.Key()
	return ikey.New(k[:16], ikey.Seq(^binary.BigEndian.Uint64(k[16:])), ikey.Set)
}
