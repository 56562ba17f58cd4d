package isolation

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"lsmlab/engines/testseed"
)

var (
	largeTxns = flag.Int("txns", 100_000, "transactions of the history that BenchmarkCheck judges")
	largeFile = flag.String("history", "", "file that BenchmarkCheck leaves its history in")
)

// writeLarge writes a history of n transactions that a strictly serializable store may
// have given to 16 processes: four operations each, half of them reads, on 16 lists at a
// time, each of which is given up after 32 appends.
func writeLarge(w io.Writer, rng *rand.Rand, n int) error {
	type list struct {
		key  string
		have []int64
	}
	var (
		out    = bufio.NewWriterSize(w, 1<<20)
		lists  [16]list
		begins [16]int64 // of each process; 0: it has no transaction
		keys   int
		clock  int64
		buf    []byte
	)
	for done := 0; done < n; {
		clock++
		p := rng.IntN(len(begins))
		if begins[p] == 0 {
			begins[p] = clock
			continue
		}
		t := Txn{Process: p, Begin: begins[p], End: clock}
		for range 4 {
			l := &lists[rng.IntN(len(lists))]
			if l.key == "" || len(l.have) == 32 {
				keys++
				*l = list{key: fmt.Sprint("k", keys)}
			}
			if rng.IntN(2) == 0 {
				t.Ops = append(t.Ops, Op{Kind: ReadList, Key: l.key, List: l.have})
				continue
			}
			l.have = append(l.have, int64(len(l.have)+1))
			t.Ops = append(t.Ops, Op{Kind: Append, Key: l.key, Value: l.have[len(l.have)-1]})
		}
		begins[p] = 0
		done++
		buf = AppendJSON(buf[:0], t)
		if _, err := out.Write(buf); err != nil {
			return err
		}
	}
	return out.Flush()
}

// BenchmarkCheck reads and judges one large history:
//
//	go test ./powerfail/isolation -run '^$' -bench Check -benchtime 1x -txns 10000000
func BenchmarkCheck(b *testing.B) {
	name := *largeFile
	if name == "" {
		name = filepath.Join(b.TempDir(), "history.jsonl")
	}
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := writeLarge(f, testseed.Rand(b), *largeTxns); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		h, err := Read(f)
		if err != nil {
			b.Fatal(err)
		}
		v, err := Check(h)
		if err != nil {
			b.Fatal(err)
		}
		if r := v.Of(StrictSerializable); r.Refuted {
			b.Fatalf("refuted: %s", because(r))
		}
	}
	b.ReportMetric(float64(*largeTxns)*float64(b.N)/b.Elapsed().Seconds(), "txns/s")
}
