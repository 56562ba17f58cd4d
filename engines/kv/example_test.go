package kv_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"lsmlab/engines"
	"lsmlab/engines/kv"
)

// fruit returns an engine of ours with three entries, and what closes and removes it.
func fruit() (e kv.Engine, done func()) { return stock("lsm-bptree") }

// stock returns the engine of that name, with three entries.
func stock(name string) (e kv.Engine, done func()) {
	dir, err := os.MkdirTemp("", "lsmlab-*")
	if err != nil {
		log.Fatal(err)
	}
	o := engines.Options{MemTableSize: 1 << 20, Durability: kv.Synced, Transactions: true}
	if e, err = engines.Open(name, dir, o); err != nil {
		log.Fatal(err)
	}
	var b kv.Batch
	for _, name := range []string{"apple", "pear", "plum"} {
		b.Set([]byte(name), []byte("1"))
	}
	if err := e.Apply(&b, kv.Synced); err != nil {
		log.Fatal(err)
	}
	return e, func() {
		if err := errors.Join(e.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}

// A batch is applied as one: all of it or nothing, for readers and across a crash. The
// later of two operations on a key wins.
func ExampleBatch() {
	e, done := fruit()
	defer done()

	var b kv.Batch
	b.Delete([]byte("apple"))
	b.Set([]byte("pear"), []byte("2"))
	b.Set([]byte("pear"), []byte("3"))
	fmt.Println(b.Len(), "operations")
	if err := e.Apply(&b, kv.Synced); err != nil {
		log.Fatal(err)
	}
	b.Reset() // empty again, its memory kept

	_, err := e.Get(nil, []byte("apple"))
	fmt.Println(errors.Is(err, kv.ErrNotFound))
	value, _ := e.Get(nil, []byte("pear"))
	fmt.Printf("%s\n", value)
	// Output:
	// 3 operations
	// true
	// 3
}

// An iterator walks [lower, upper) in the order of keys. A walk that an error ended
// looks like one that came to its end, so the error of Close counts.
func ExampleIterator() {
	e, done := fruit()
	defer done()

	it := e.Scan([]byte("b"), nil) // nil: no bound
	for ok := it.First(); ok; ok = it.Next() {
		fmt.Printf("%s=%s\n", it.Key(), it.Value()) // views until the next move
	}
	fmt.Println(it.SeekGE([]byte("pi")), string(it.Key()))
	fmt.Println(it.Close())
	// Output:
	// pear=1
	// plum=1
	// true plum
	// <nil>
}

// A snapshot stays as it was.
func ExampleSnapshot() {
	e, done := fruit()
	defer done()

	before, err := e.Snapshot()
	if err != nil {
		log.Fatal(err)
	}
	var b kv.Batch
	b.Set([]byte("plum"), []byte("2"))
	if err := e.Apply(&b, kv.Buffered); err != nil {
		log.Fatal(err)
	}
	then, _ := before.Get(nil, []byte("plum"))
	now, _ := e.Get(nil, []byte("plum"))
	fmt.Printf("%s then, %s now\n", then, now)
	fmt.Println(before.Close()) // it holds old versions until then
	// Output:
	// 1 then, 2 now
	// <nil>
}

// A transaction reads one state and its own writes over it, and commits all of its writes
// or none. Under kv.SnapshotIsolation of two that write the same key one meets a conflict.
func ExampleTransactor() {
	e, done := stock("bbolt")
	defer done()

	x, err := e.(kv.Transactor).Begin(kv.TxnOptions{Isolation: kv.SnapshotIsolation})
	if err != nil {
		log.Fatal(err)
	}
	defer x.Discard() // does nothing after Commit
	if err := errors.Join(x.Set([]byte("pear"), []byte("2")), x.Delete([]byte("plum"))); err != nil {
		log.Fatal(err)
	}
	own, _ := x.Get(nil, []byte("pear"))
	others, _ := e.Get(nil, []byte("pear"))
	fmt.Printf("%s inside, %s outside\n", own, others)
	fmt.Println(x.Commit(kv.Synced))
	others, _ = e.Get(nil, []byte("pear"))
	fmt.Printf("%s after\n", others)
	// Output:
	// 2 inside, 1 outside
	// <nil>
	// 2 after
}

// A conflict means that nothing was applied. What is to be done about it is to do all of
// it again, reads included, in a new transaction.
func ExampleTxn_conflict() {
	e, done := stock("badger")
	defer done()

	take := func(meanwhile func()) error {
		x, err := e.(kv.Transactor).Begin(kv.TxnOptions{Isolation: kv.Serializable})
		if err != nil {
			return err
		}
		defer x.Discard()
		left, err := x.Get(nil, []byte("pear"))
		if err != nil {
			return err
		}
		meanwhile()
		if err := x.Set([]byte("pear"), []byte{left[0] - 1}); err != nil {
			return err
		}
		return x.Commit(kv.Synced)
	}
	tries := 0
	for {
		tries++
		err := take(func() {
			if tries > 1 {
				return
			}
			var b kv.Batch // somebody else is faster
			b.Set([]byte("pear"), []byte("9"))
			if err := e.Apply(&b, kv.Synced); err != nil {
				log.Fatal(err)
			}
		})
		if !errors.Is(err, kv.ErrConflict) {
			fmt.Println(tries, "tries,", err)
			break
		}
	}
	left, _ := e.Get(nil, []byte("pear"))
	fmt.Printf("%s left\n", left)
	// Output:
	// 2 tries, <nil>
	// 8 left
}

// A transaction that promises to write nothing sees one state, as a snapshot does, and
// never meets a conflict. An engine refuses the levels that it does not give.
func ExampleTxnOptions() {
	e, done := stock("badger")
	defer done()

	x, err := e.(kv.Transactor).Begin(kv.TxnOptions{Isolation: kv.Serializable, ReadOnly: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(x.Set([]byte("pear"), nil), kv.ErrUnsupported))
	fmt.Println(x.Commit(kv.Synced))
	_, err = e.(kv.Transactor).Begin(kv.TxnOptions{Isolation: kv.SnapshotIsolation})
	fmt.Println(errors.Is(err, kv.ErrUnsupported))
	// Output:
	// true
	// <nil>
	// true
}

// A range delete takes what was there before it, also earlier in its batch.
func ExampleBatch_DeleteRange() {
	e, done := stock("pebble")
	defer done()

	var b kv.Batch
	b.DeleteRange([]byte("p"), []byte("q"))
	b.Set([]byte("plum"), []byte("2"))
	if err := e.Apply(&b, kv.Synced); err != nil {
		log.Fatal(err)
	}
	it := e.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		fmt.Printf("%s=%s\n", it.Key(), it.Value())
	}
	fmt.Println(it.Close())
	// Output:
	// apple=1
	// plum=2
	// <nil>
}

// A reverse iterator walks from the upper bound down.
func ExampleReverseScanner() {
	e, done := stock("pebble")
	defer done()

	it := e.(kv.ReverseScanner).ScanReverse(nil, []byte("plum"))
	for ok := it.Last(); ok; ok = it.Prev() {
		fmt.Printf("%s\n", it.Key())
	}
	fmt.Println(it.SeekLT([]byte("pear")), string(it.Key()))
	fmt.Println(it.Close())
	// Output:
	// pear
	// apple
	// true apple
	// <nil>
}

// A checkpoint is a store like any other, and does not share what either will change.
func ExampleCheckpointer() {
	e, done := stock("pebble")
	defer done()

	dir, err := os.MkdirTemp("", "lsmlab-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	copyDir := filepath.Join(dir, "copy") // must not exist
	if err := e.(kv.Checkpointer).Checkpoint(copyDir); err != nil {
		log.Fatal(err)
	}
	then, err := engines.Open("pebble", copyDir, engines.Options{})
	if err != nil {
		log.Fatal(err)
	}
	value, _ := then.Get(nil, []byte("pear"))
	fmt.Printf("%s, %v\n", value, then.Close())
	// Output:
	// 1, <nil>
}

// What only some engines can do is asked for by type assertion.
func ExampleFlusher() {
	e, done := fruit()
	defer done()

	if f, ok := e.(kv.Flusher); ok {
		if err := f.Flush(); err != nil {
			log.Fatal(err)
		}
	}
	if m, ok := e.(kv.Metricer); ok {
		fmt.Println(m.Metrics().Flushes, "flush")
	}
	// Output:
	// 1 flush
}

// Ops reads a batch back, also one of unknown origin: it never panics.
func ExampleOps() {
	var b kv.Batch
	b.Set([]byte("pear"), []byte("green"))
	b.Delete([]byte("plum"))

	ops := kv.ReadOps(b.Bytes())
	for ops.Next() {
		if ops.Kind == kv.OpSet {
			fmt.Printf("set %s to %s\n", ops.Key, ops.Value)
		} else {
			fmt.Printf("delete %s\n", ops.Key)
		}
	}
	fmt.Println(ops.Err())

	cut := kv.ReadOps(b.Bytes()[:5])
	fmt.Println(cut.Next(), errors.Is(cut.Err(), kv.ErrCorrupt))
	// Output:
	// set pear to green
	// delete plum
	// <nil>
	// false true
}
