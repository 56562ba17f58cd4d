package program

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

func TestTextRoundTrip(t *testing.T) {
	seed := testseed.New(t)
	for i := range uint64(50) {
		shape := Shape{Durability: kv.Durability(i % 3), Writers: 1 + int(i%3)}
		if i%2 == 1 {
			shape.Levels = kv.Isolations()
		}
		p := Generate(seed+i, shape)
		again, err := Parse("# a comment\n\n" + p.String())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%v\n%v\nread again as\n%v", err, p, again)
		}
		if other := Generate(seed+i, shape); !reflect.DeepEqual(other, p) {
			t.Fatal("one seed made two programs")
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	top := "lsmlab program 1\nopen synced\n"
	for text, want := range map[string]string{
		"":                                         "want \"lsmlab program 1\"",
		"program":                                  `line 1: "program"`,
		"lsmlab program 1\nclose":                  "line 2",
		"lsmlab program 1\nopen hard":              `durability "hard"`,
		top + "flash":                              `line 3: "flash"`,
		top + "wx synced set a 1":                  `writer "wx"`,
		top + "w0":                                 "want a durability",
		top + "w0 synced set a":                    "`set KEY SIZE`",
		top + "w0 synced set a -1":                 `value size "-1"`,
		top + "w0 synced del":                      "`del KEY`",
		top + "w0 synced del a\nw1 synced del a":   `line 4: key "a"`,
		top + "w0 txn 1":                           "want a number and begin",
		top + "w0 txn x discard":                   `transaction "x"`,
		top + "w0 txn 1 begin":                     "`begin LEVEL`",
		top + "w0 txn 1 begin hard":                `isolation level "hard"`,
		top + "w0 txn 1 scan b a":                  "with KEY < UPPER",
		top + "w0 txn 1 set a":                     "`set KEY SIZE`",
		top + "w0 txn 1 commit hard":               `durability "hard"`,
		top + "w0 txn 1 discard\nw1 txn 1 discard": `line 4: transaction "1"`,
		top + "w0 synced del a\nw1 txn 1 get a":    `line 4: key "a"`,
		top + "w0 synced del b\nw1 txn 1 scan a c": `meets key "b" of w0`,
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestShortIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for p := range Short(3, kv.Synced, false) {
		seen[p.String()] = true
	}
	if len(seen) != 6+36+216 {
		t.Errorf("%d programs, want 258", len(seen))
	}
}

// TestRun runs programs of one and of three writers and compares what the store
// holds in the end with what the acknowledged batches say; and two runs of one
// writer with each other, operation by operation.
func TestRun(t *testing.T) {
	for _, writers := range []int{1, 3} {
		p := Generate(7, Shape{Durability: kv.Synced, Writers: writers})
		first := run(t, p)
		if writers == 1 {
			second := run(t, p)
			for i := range min(len(first), len(second)) {
				if first[i] != second[i] {
					t.Fatalf("operation %d of %d: %s, in a second run %s", i, len(first), first[i], second[i])
				}
			}
			if len(first) != len(second) {
				t.Errorf("two runs did %d and %d operations", len(first), len(second))
			}
		}
	}
}

// run returns the file system operations that the program caused.
func run(t *testing.T, p *Program) (ops []string) {
	t.Helper()
	var mu sync.Mutex
	disk := vfs.NewMem()
	disk.OnOp = func(op vfs.Op) {
		mu.Lock()
		defer mu.Unlock()
		ops = append(ops, op.String())
	}
	open := func() (kv.Engine, error) {
		o := lsm.Options{FS: disk}.Small()
		o.Deterministic = true
		return lsm.Open("/db", o)
	}
	model, begun, acked := map[string]string{}, 0, 0
	r := Runner{Open: open, Begin: func(id int, s *Step, b *kv.Batch) {
		mu.Lock()
		defer mu.Unlock()
		begun++
		for ops := b.Ops(); ops.Next(); {
			if ops.Kind == kv.OpSet {
				model[string(ops.Key)] = string(ops.Value)
			} else {
				delete(model, string(ops.Key))
			}
		}
	}, Ack: func(int) { mu.Lock(); acked++; mu.Unlock() }}
	if err := r.Run(p); err != nil {
		t.Fatal(err)
	}
	if begun != 60 || acked != 60 {
		t.Errorf("%d writes begun, %d acknowledged, want 60", begun, acked)
	}
	disk.OnOp = nil
	e, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	got := map[string]string{}
	it := e.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		got[string(it.Key())] = string(it.Value())
	}
	if err := it.Close(); err != nil || !reflect.DeepEqual(got, model) {
		t.Errorf("%v: %d keys, want %d", err, len(got), len(model))
	}
	return ops
}
