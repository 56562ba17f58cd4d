package kvtest

import (
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
)

var sizeCases = []Case{
	{"KeySizes", testKeySizes},
	{"ValueSizes", testValueSizes},
}

// testKeySizes has keys at both ends of the order and of the sizes, among them
// many that engines cannot store as they are: empty, all zeros, over 32 KiB and
// over 65,000 bytes, the long ones differing only near their ends.
func testKeySizes(t testing.TB, h Harness) {
	s := newStore(t, h)
	keys := awkwardKeys(true)
	for i := range keys { // scattered, so that neighbours arrive apart
		k := keys[i*11%len(keys)]
		s.set(k, "of "+k[:min(len(k), 100)])
	}
	check := func(keys []string) {
		t.Helper()
		var want []pair
		for _, k := range keys {
			want = append(want, pair{k, "of " + k[:min(len(k), 100)]})
			s.want(s, k, want[len(want)-1].value)
		}
		s.wantScan(s, nil, nil, want)
		for i := range keys { // every key as a bound and as a seek target
			s.wantScan(s, []byte(keys[i]), nil, want[i:])
			s.wantScan(s, nil, []byte(keys[i]), want[:i])
			it := s.Scan(nil, nil)
			s.wantRest(it, it.SeekGE([]byte(keys[i])), want[i:])
			s.closeIter(it)
		}
	}
	check(keys)
	var kept []string
	for i, k := range keys {
		if i%3 == 0 {
			s.delete(k)
			s.wantMissing(s, k)
		} else {
			kept = append(kept, k)
		}
	}
	check(kept)
	s.apply(s.durability, func(b *kv.Batch) {
		for _, k := range kept {
			b.Set([]byte(k), nil)
			b.Delete([]byte(k))
		}
	})
	s.wantScan(s, nil, nil, nil)
}

// awkwardKeys returns sorted keys that engines stumble over; long adds those
// above 255 bytes.
func awkwardKeys(long bool) []string {
	zeros := strings.Repeat("\x00", kv.MaxKeySize)
	full := strings.Repeat("\xff", kv.MaxKeySize)
	keys := []string{
		"", "\x00", "\x00\x00", "\x00\x00\x00", "\x00\x01", "\x00\x00\x01", "\x00\xff", "\x01",
		"a", "a\x00", "a\x00\x00", "a\xff", "b", "\x7f", "\x80", "\xff", "\xff\x00", "\xff\xff",
		"\xff\xff\xff", full[:255], zeros[:255],
	}
	if long {
		for _, n := range []int{256, 32767, 32768, 32769, 64999, 65000, 65001, 65534, 65535, 65536} {
			keys = append(keys, zeros[:n], full[:n], strings.Repeat("m", n),
				strings.Repeat("m", n-1)+"a", strings.Repeat("m", n-1)+"z")
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func testValueSizes(t testing.TB, h Harness) {
	s := newStore(t, h)
	sizes := []int{0, 1, 127, 128, 4095, 4096, 65536, 1<<20 - 1, 1 << 20, 1<<20 + 1, kv.MaxValueSize}
	check := func() {
		t.Helper()
		var want []pair
		for i, n := range sizes {
			want = append(want, pair{string(rune('a' + i)), string(pattern(i, n))})
			s.want(s, want[i].key, want[i].value)
		}
		s.wantScan(s, nil, nil, want)
	}
	for i, n := range sizes {
		s.set(string(rune('a'+i)), string(pattern(i, n)))
	}
	check()
	s.barrier()
	s.reopen()
	check()
}
