package kv_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	"lsmlab/engines"
	"lsmlab/engines/kv"
)

// fruit returns an engine with three entries, and what closes and removes it.
func fruit() (e kv.Engine, done func()) {
	dir, err := os.MkdirTemp("", "lsmlab-*")
	if err != nil {
		log.Fatal(err)
	}
	if e, err = engines.Open("lsm-bptree", dir, engines.Options{MemTableSize: 1 << 20}); err != nil {
		log.Fatal(err)
	}
	var b kv.Batch
	for _, name := range []string{"apple", "pear", "plum"} {
		b.Set([]byte(name), []byte("1"))
	}
	if err := e.Apply(&b, kv.Buffered); err != nil {
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
