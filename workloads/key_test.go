package workloads

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"lsmlab/workloads/dist"
)

func TestKeys(t *testing.T) {
	for _, k := range []Keys{{DBBench, 8}, {DBBench, 9}, {DBBench, 16}, {DBBench, 100}, {YCSB, 24}, {YCSB, 31}} {
		for _, index := range []uint64{0, 1, 255, 256, 123_456_789, maxKeys} {
			key := k.Append([]byte("x"), index)[1:]
			if len(key) != k.Size {
				t.Errorf("%+v: key of %d has %d bytes", k, index, len(key))
			}
			got, ok := k.indexOf(key, AppendValue(nil, index, 0, 100, 0))
			if !ok || got != index {
				t.Errorf("%+v: index of %q is %d, %v, want %d", k, key, got, ok, index)
			}
			checkIsKeyOf(t, k, key, index)
		}
	}
}

// checkIsKeyOf: key is that of index, and with any byte changed or missing it is not.
func checkIsKeyOf(t *testing.T, k Keys, key []byte, index uint64) {
	t.Helper()
	if !k.isKeyOf(key, index) {
		t.Errorf("%+v: %q is not the key of %d", k, key, index)
	}
	if k.isKeyOf(key, index+1) || k.isKeyOf(key[:len(key)-1], index) || k.isKeyOf(append(key, '0'), index) {
		t.Errorf("%+v: %q or a part is the key of another than %d", k, key, index)
	}
	for i := range key {
		key[i]++
		if k.isKeyOf(key, index) {
			t.Errorf("%+v: %q is the key of %d", k, key, index)
		}
		key[i]--
	}
}

func TestYCSBKeyIsHash(t *testing.T) {
	want := fmt.Sprintf("user%020d", dist.Hash(7))
	if got := (Keys{YCSB, 24}).Append(nil, 7); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDecimal20(t *testing.T) {
	src := dist.NewSource(1, 0)
	check := func(v uint64) {
		if got, want := string(appendDecimal20(nil, v)), fmt.Sprintf("%020d", v); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		if !isDecimal20(appendDecimal20(nil, v), v) {
			t.Fatalf("%d is not itself", v)
		}
	}
	for v := range uint64(20_000) {
		check(v)
		check(v * 10_000)
		check(math.MaxUint64 - v)
		check(src.Uint64())
	}
}

// TestKeysUnique: YCSB's keys are hashes; none of the first million collide.
func TestKeysUnique(t *testing.T) {
	seen := make(map[uint64]bool, 1_000_000)
	for i := range uint64(1_000_000) {
		h := dist.Hash(i)
		if seen[h] {
			t.Fatalf("index %d has the hash of another", i)
		}
		seen[h] = true
	}
}

// TestMissingKeys: absent, of the right size, and directly beside the key.
func TestMissingKeys(t *testing.T) {
	for _, k := range []Keys{{DBBench, 8}, {DBBench, 16}, {YCSB, 24}} {
		for index := uint64(1); index < 1000; index++ {
			missing, key := k.appendMissing(nil, index), k.Append(nil, index)
			if k.Size == 8 {
				if next := k.Append(nil, index+1); bytes.Compare(missing, key) <= 0 || bytes.Compare(missing, next) >= 0 {
					t.Fatalf("%+v: %q is not between %q and %q", k, missing, key, next)
				}
				continue
			}
			if len(missing) != k.Size || bytes.Compare(missing, key) >= 0 {
				t.Fatalf("%+v: %q is not before %q or of another size", k, missing, key)
			}
			if before := k.Append(nil, index-1); k.Style == DBBench && bytes.Compare(missing, before) <= 0 {
				t.Fatalf("%+v: %q is not after %q", k, missing, before)
			}
		}
	}
}
