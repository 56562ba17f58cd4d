package workloads

import (
	"bytes"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"lsmlab/engines/kv"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden pins the first 12 operations of every workload, of the stream of each
// role: a change makes old results incomparable and has to be meant.
func TestGolden(t *testing.T) {
	for _, name := range names() {
		w := mustNew(t, goldenSpec(name))
		var got bytes.Buffer
		for i := range w.Streams() {
			if i > 0 && w.Role(i) == Foreground {
				continue
			}
			fmt.Fprintf(&got, "# %s stream, preload %q\n", w.Role(i), w.Preload())
			s := w.Stream(i)
			var op Op
			for n := 0; n < 12 && s.Next(&op); n++ {
				printOp(&got, &op)
				checkBatch(t, &op)
				op.acknowledge()
			}
		}
		compareGolden(t, name, got.Bytes())
	}
}

func goldenSpec(name string) Spec {
	spec := Spec{Workload: name, Keys: 10_000, Threads: 2, Seed: 1}
	if name == mixName {
		spec.Mix = map[string]float64{
			"get": 4, "get-missing": 1, "set": 2, "insert": 2, "delete": 1,
			"read-modify-write": 1, "scan": 1, "batch-set": 1,
		}
		spec.BatchSize = 3
	}
	return spec
}

func printOp(out *bytes.Buffer, op *Op) {
	fmt.Fprintf(out, "%s index %d key %q", op.Kind, op.Index, op.Key)
	if op.Value != nil {
		fmt.Fprintf(out, " value %d bytes crc %08x", len(op.Value), crc32.ChecksumIEEE(op.Value))
	}
	if op.ScanLen != 0 {
		fmt.Fprintf(out, " scan %d", op.ScanLen)
	}
	if op.Kind == BatchSet {
		fmt.Fprintf(out, " batch %d crc %08x", op.Batch.Len(), crc32.ChecksumIEEE(op.Batch.Bytes()))
	}
	if op.program != nil {
		fmt.Fprintf(out, " %s", op.program)
		if op.ReadOnly {
			fmt.Fprint(out, " read-only")
		}
	}
	if op.Warmup {
		fmt.Fprint(out, " warm-up")
	}
	fmt.Fprintln(out)
}

// checkBatch says whether op's batch is what its other fields stand for.
func checkBatch(t *testing.T, op *Op) {
	t.Helper()
	kind := kv.OpSet
	switch op.Kind {
	case BatchSet:
		return
	case Delete:
		kind = kv.OpDelete
	case Set, Insert, ReadModifyWrite:
	default:
		if op.Batch != nil {
			t.Errorf("%s has a batch", op.Kind)
		}
		return
	}
	ops := op.Batch.Ops()
	if !ops.Next() || ops.Kind != kind || !bytes.Equal(ops.Key, op.Key) || !bytes.Equal(ops.Value, op.Value) || op.Batch.Len() != 1 {
		t.Errorf("%s of %q: its batch is % x", op.Kind, op.Key, op.Batch.Bytes())
	}
}

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("operations differ from %s; if meant, run go test -run Golden -update\ngot:\n%s", path, got)
	}
}
