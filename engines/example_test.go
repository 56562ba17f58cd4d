package engines_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"lsmlab/engines"
	"lsmlab/engines/kv"
)

// A store is opened by the name of its engine. A write says how durable it must be
// before it is acknowledged.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "lsmlab-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	e, err := engines.Open("lsm-bptree", dir, engines.Options{})
	if err != nil {
		log.Fatal(err)
	}
	var b kv.Batch
	b.Set([]byte("apple"), []byte("red"))
	b.Set([]byte("pear"), []byte("green"))
	if err := e.Apply(&b, kv.Synced); err != nil {
		log.Fatal(err)
	}
	if err := e.Close(); err != nil { // and open again: what was synced is there
		log.Fatal(err)
	}

	e, err = engines.Open("lsm-bptree", dir, engines.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	value, err := e.Get(nil, []byte("pear"))
	fmt.Printf("%s %v\n", value, err)
	_, err = e.Get(nil, []byte("plum"))
	fmt.Println(errors.Is(err, kv.ErrNotFound))
	// Output:
	// green <nil>
	// true
}

// The name of an engine of this module takes options. Any store of one opens with any
// of the others.
func ExampleOpen_options() {
	dir, err := os.MkdirTemp("", "lsmlab-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	for _, name := range []string{"lsm-skiplist+zstd+pread", "lsm-bptree+tiered+block=32K"} {
		e, err := engines.Open(name, dir, engines.Options{MemTableSize: 1 << 20, CacheSize: 8 << 20})
		if err != nil {
			log.Fatal(err)
		}
		var b kv.Batch
		b.Set([]byte("written by"), []byte(name))
		if err := errors.Join(e.Apply(&b, kv.Buffered), e.Close()); err != nil {
			log.Fatal(err)
		}
	}
	_, err = engines.Open("lsm-bptree+zst", dir, engines.Options{})
	mistake, _, _ := strings.Cut(err.Error(), " known:") // what there is comes next
	fmt.Println(mistake)
	// Output:
	// engine lsm-bptree+zst: unknown option "zst", did you mean zstd?
}

// What an engine gives at each durability level stands in its [engines.Info]. Levels
// that it cannot give are refused, not weakened.
func ExampleLookup() {
	info, err := engines.Lookup("goleveldb")
	if err != nil {
		log.Fatal(err)
	}
	for d := kv.Volatile; d <= kv.Synced; d++ {
		if how, ok := info.Durabilities[d]; ok {
			fmt.Printf("%v: %s\n", d, how)
		}
	}
	// Output:
	// buffered: WriteOptions.Sync=false
	// synced: WriteOptions.Sync=true
}
