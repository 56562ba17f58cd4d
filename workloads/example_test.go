package workloads_test

import (
	"fmt"
	"log"
	"os"
	"strings"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/workloads"
)

// A workload is carried out on any engine: first what it wants stored, then its
// operations, each read checked to the last byte.
func Example() {
	dir, err := os.MkdirTemp("", "lsmlab-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	e, err := engines.Open("lsm-skiplist", dir, engines.Options{MemTableSize: 1 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()

	w, err := workloads.New(workloads.Spec{Workload: "ycsb-a", Keys: 1000, Operations: 500, Seed: 7})
	if err != nil {
		log.Fatal(err)
	}
	carry := func(s *workloads.Stream) workloads.Counts { // one goroutine's part
		x := workloads.NewExecutor(w, e, kv.Buffered)
		for op := (workloads.Op{}); s.Next(&op); {
			if err := x.Do(&op); err != nil {
				log.Fatal(err)
			}
		}
		if err := x.Close(); err != nil {
			log.Fatal(err)
		}
		return x.Counts
	}
	fmt.Println("stored:", carry(w.PreloadStream(0, 1)).Writes)
	c := carry(w.Stream(0))
	fmt.Println("done, warm-up included:", c.Reads+c.Writes, "missing:", c.Misses)
	// Output:
	// stored: 1000
	// done, warm-up included: 550 missing: 0
}

// A spec is checked, and says what it means by its defaults.
func ExampleNew() {
	w, err := workloads.New(workloads.Spec{Workload: "seekrandom"})
	if err != nil {
		log.Fatal(err)
	}
	s := w.Spec()
	fmt.Println(s.Keys, "keys of", s.KeySize, "bytes, values of", s.ValueSize, "bytes, scans of", s.ScanLength)

	_, err = workloads.New(workloads.Spec{Workload: "ycsb-g"})
	mistake, _, _ := strings.Cut(err.Error(), " known:") // what there is comes next
	fmt.Println(mistake)
	// Output:
	// 1000000 keys of 16 bytes, values of 100 bytes, scans of 50
	// unknown workload "ycsb-g", did you mean ycsb-a?
}

// A mix of one's own.
func ExampleSpec_mix() {
	w, err := workloads.New(workloads.Spec{
		Workload: "mix", Keys: 100, Operations: 1000, Warmup: 1, Distribution: "hotspot", Seed: 1,
		Mix: map[string]float64{"get": 3, "set": 1},
	})
	if err != nil {
		log.Fatal(err)
	}
	kinds := map[workloads.Kind]int{}
	s := w.Stream(0)
	for op := (workloads.Op{}); s.Next(&op); {
		kinds[op.Kind]++
	}
	fmt.Println(kinds[workloads.Get] > 2*kinds[workloads.Set], len(kinds))
	// Output:
	// true 2
}

// A value says which key it belongs to and which write made it, so that any byte that
// is not right is seen without a model of the store.
func ExampleCheckValue() {
	v := workloads.AppendValue(nil, 17, 3, 100, 0)
	version, _ := workloads.ValueVersion(v)
	fmt.Println(len(v), version, workloads.CheckValue(v, 17, 100))
	v[50] ^= 1
	fmt.Println(workloads.CheckValue(v, 17, 100) != nil)
	// Output:
	// 100 3 <nil>
	// true
}
