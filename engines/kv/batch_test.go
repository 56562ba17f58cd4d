package kv

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"lsmlab/engines/testseed"
)

type op struct {
	kind       OpKind
	key, value string
}

func readAll(t *testing.T, ops Ops) []op {
	t.Helper()
	var all []op
	for ops.Next() {
		all = append(all, op{ops.Kind, string(ops.Key), string(ops.Value)})
	}
	if err := ops.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// random returns less than 300 bytes.
func random(rng *rand.Rand) []byte {
	b := make([]byte, rng.IntN(300))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func setEitherWay(b *Batch, key, value []byte, rng *rand.Rand) {
	if rng.IntN(2) == 0 {
		b.Set(key, value)
		return
	}
	k, v := b.SetDeferred(len(key), len(value))
	_, _ = append(k, 0xff), append(v, 0xff) // reaches nothing of the batch
	copy(k, key)
	copy(v, value)
}

func TestBatchRoundTrip(t *testing.T) {
	rng := testseed.Rand(t)
	var b Batch
	for range 50 { // the zero value, then reused memory
		b.Reset()
		var want []op
		for range rng.IntN(40) {
			key, value := random(rng), random(rng)
			switch rng.IntN(6) {
			case 0, 1:
				b.Delete(key)
				want = append(want, op{OpDelete, string(key), ""})
			case 2:
				b.DeleteRange(key, value)
				if string(key) < string(value) { // else it is empty
					want = append(want, op{OpDeleteRange, string(key), string(value)})
				}
			default:
				setEitherWay(&b, key, value, rng)
				want = append(want, op{OpSet, string(key), string(value)})
			}
			if len(key) > 0 {
				key[0]++ // the batch has a copy
			}
		}
		for _, ops := range []Ops{b.Ops(), ReadAllOps(bytes.Clone(b.Bytes()))} {
			got := readAll(t, ops)
			if len(got) != len(want) || b.Len() != len(want) {
				t.Fatalf("%d operations read, Len is %d, want %d", len(got), b.Len(), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("operation %d: %v, want %v", i, got[i], want[i])
				}
			}
		}
	}
}

func TestBatchLimits(t *testing.T) {
	var b Batch
	b.Set(make([]byte, MaxKeySize), make([]byte, MaxValueSize))
	b.Delete(make([]byte, MaxKeySize))
	if err := b.Check(); err != nil || b.Len() != 2 || len(readAll(t, b.Ops())) != 2 {
		t.Fatalf("at the limits: %v, %d operations", err, b.Len())
	}
	for name, fill := range map[string]func(*Batch){
		"key":         func(b *Batch) { b.Set(make([]byte, MaxKeySize+1), nil) },
		"deleted key": func(b *Batch) { b.Delete(make([]byte, MaxKeySize+1)) },
		"value":       func(b *Batch) { b.Set(nil, make([]byte, MaxValueSize+1)) },
		"lower bound": func(b *Batch) { b.DeleteRange(make([]byte, MaxKeySize+1), nil) },
		"upper bound": func(b *Batch) { b.DeleteRange(nil, make([]byte, MaxKeySize+1)) },
		"deferred value": func(b *Batch) {
			if key, value := b.SetDeferred(1, MaxValueSize+1); key != nil || value != nil {
				t.Errorf("deferred: %d and %d bytes to fill", len(key), len(value))
			}
		},
	} {
		var b Batch
		fill(&b)
		b.Set([]byte("fine"), nil)
		if err := b.Check(); !errors.Is(err, ErrTooLarge) || b.Len() != 1 {
			t.Errorf("%s over the limit: %v, %d operations", name, err, b.Len())
		}
		b.Reset()
		if err := b.Check(); err != nil || b.Len() != 0 || len(b.Bytes()) != 0 {
			t.Errorf("%s: after reset: %v", name, err)
		}
	}
	untouchable, err := syscall.Mmap(-1, 0, MaxBatchSize+1, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(untouchable)
	big := Batch{data: untouchable} // Check looks at the length alone
	if err := big.Check(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("batch over the limit: %v", err)
	}
}

// TestDeleteRangeBounds: no bound is another thing than the empty key, and a range that is
// empty is not there.
func TestDeleteRangeBounds(t *testing.T) {
	for _, c := range []struct {
		lower, upper []byte
		stored       bool
	}{
		{nil, nil, true},
		{[]byte("a"), nil, true},
		{nil, []byte("b"), true},
		{[]byte{}, []byte("b"), true},
		{[]byte("a"), []byte("a\x00"), true},
		{nil, []byte{}, false},
		{[]byte{}, []byte{}, false},
		{[]byte("a"), []byte{}, false},
		{[]byte("a"), []byte("a"), false},
		{[]byte("b"), []byte("a"), false},
		{make([]byte, MaxKeySize-1), make([]byte, MaxKeySize), true},
	} {
		var b Batch
		b.DeleteRange(c.lower, c.upper)
		if err := b.Check(); err != nil || b.HasRangeDeletes() != c.stored || (b.Len() == 1) != c.stored {
			t.Fatalf("[%q, %q): %v, %d operations", c.lower, c.upper, err, b.Len())
		}
		if !c.stored {
			continue
		}
		ops := b.Ops()
		if !ops.Next() || ops.Kind != OpDeleteRange || !bytes.Equal(ops.Key, c.lower) || !bytes.Equal(ops.Value, c.upper) || (ops.Value == nil) != (c.upper == nil) {
			t.Fatalf("[%q, %q) is read as %+v, %v", c.lower, c.upper, ops, ops.Err())
		}
		if ops := ReadOps(b.Bytes()); ops.Next() || !errors.Is(ops.Err(), ErrCorrupt) {
			t.Fatalf("a range delete where none can be: %v", ops.Err())
		}
		if b.Reset(); b.HasRangeDeletes() {
			t.Fatal("an empty batch has range deletes")
		}
	}
}

// TestOpsDamaged cuts and changes a good encoding everywhere. What is read
// until the damage must be a prefix of what was written, and a cut inside an
// operation must be reported.
func TestOpsDamaged(t *testing.T) {
	var b Batch
	b.Set([]byte("key"), []byte("value"))
	b.Delete([]byte("gone"))
	b.Set(nil, nil)
	b.DeleteRange([]byte("a"), []byte("b"))
	b.DeleteRange([]byte("c"), nil)
	whole := readAll(t, b.Ops())
	borders := map[int]bool{0: true, 11: true, 17: true, 20: true, 25: true, 29: true}
	for n := range len(b.Bytes()) + 1 {
		ops, i := ReadAllOps(b.Bytes()[:n]), 0
		for ; ops.Next(); i++ {
			if got := (op{ops.Kind, string(ops.Key), string(ops.Value)}); got != whole[i] {
				t.Fatalf("cut at %d: operation %d is %v", n, i, got)
			}
		}
		if err := ops.Err(); (err == nil) != borders[n] || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if ops.Next() {
			t.Fatalf("cut at %d: goes on after its end", n)
		}
	}
}

// FuzzOps: arbitrary bytes never make the reader panic, and what it accepts
// reads the same once it is encoded again.
func FuzzOps(f *testing.F) {
	var b Batch
	b.Set([]byte("key"), []byte("value"))
	b.Delete([]byte("gone"))
	b.DeleteRange([]byte("a"), []byte("b"))
	b.DeleteRange(nil, nil)
	f.Add(b.Bytes())
	testseed.Damaged(f, 50, b.Bytes())
	f.Add([]byte{})
	f.Add([]byte{2})
	f.Add([]byte{2, 1, 'b', 1, 'a'})
	f.Add([]byte{3, 0})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{0, 0x80, 0x80, 4, 'x'})
	f.Add([]byte{1, 0x80, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var again Batch
		ops := ReadAllOps(data)
		var read []op
		for ops.Next() {
			read = append(read, op{ops.Kind, string(ops.Key), string(ops.Value)})
			switch ops.Kind {
			case OpSet:
				again.Set(ops.Key, ops.Value)
			case OpDelete:
				again.Delete(ops.Key)
			case OpDeleteRange:
				again.DeleteRange(ops.Key, ops.Value)
			}
		}
		if err := ops.Err(); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		if err := again.Check(); err != nil {
			t.Fatalf("the reader accepts what a batch refuses: %v", err)
		}
		got := readAll(t, again.Ops())
		if len(got) != len(read) || again.Len() != len(read) {
			t.Fatalf("%d operations, %d after encoding them again", len(read), len(got))
		}
		for i := range read {
			if got[i] != read[i] {
				t.Fatalf("operation %d: %v, then %v", i, read[i], got[i])
			}
		}
	})
}
