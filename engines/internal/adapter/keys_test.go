package adapter

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

// memTx is a library that refuses what bbolt and Badger refuse.
type memTx struct {
	limit    int
	reserved string
	content  map[string]string
}

func (m memTx) check(key []byte) error {
	if len(key) == 0 || len(key) > m.limit || strings.HasPrefix(string(key), m.reserved) {
		return fmt.Errorf("refused key %.20q (%d bytes)", key, len(key))
	}
	return nil
}

func (m memTx) Get(key []byte) ([]byte, error) {
	value, ok := m.content[string(key)]
	if !ok {
		return nil, kv.ErrNotFound
	}
	return []byte(value), m.check(key)
}

func (m memTx) Set(key, value []byte) error {
	m.content[string(key)] = string(value)
	return m.check(key)
}

func (m memTx) Delete(key []byte) error {
	delete(m.content, string(key))
	return m.check(key)
}

type memCursor struct {
	keys    []string
	content map[string]string
	at      int
}

func (m memTx) cursor() *memCursor {
	c := &memCursor{content: m.content}
	for k := range m.content {
		c.keys = append(c.keys, k)
	}
	slices.Sort(c.keys)
	return c
}

func (c *memCursor) here() ([]byte, []byte, bool) {
	if c.at >= len(c.keys) {
		return nil, nil, false
	}
	return []byte(c.keys[c.at]), []byte(c.content[c.keys[c.at]]), true
}

func (c *memCursor) First() ([]byte, []byte, bool) { c.at = 0; return c.here() }
func (c *memCursor) Next() ([]byte, []byte, bool)  { c.at++; return c.here() }
func (c *memCursor) Close() error                  { return nil }

func (c *memCursor) SeekGE(key []byte) ([]byte, []byte, bool) {
	c.at, _ = slices.BinarySearch(c.keys, string(key))
	return c.here()
}

func (c *memCursor) Last() ([]byte, []byte, bool) { c.at = len(c.keys) - 1; return c.back() }
func (c *memCursor) Prev() ([]byte, []byte, bool) { c.at--; return c.back() }

func (c *memCursor) SeekLT(key []byte) ([]byte, []byte, bool) {
	c.at, _ = slices.BinarySearch(c.keys, string(key))
	return c.Prev()
}

func (c *memCursor) back() ([]byte, []byte, bool) {
	if c.at < 0 {
		return nil, nil, false
	}
	return c.here()
}

// testKeys are short, so that the small limit of the test makes many buckets.
func testKeys(rng *rand.Rand) []string {
	keys := []string{"", "\x00", "\x00\x00", "!b!", "!b!!", "!b", "!b ", "!b \xff\xff", "!b \xff\xff\xff\xff", "!b\"", "\xff"}
	for range 300 {
		key := make([]byte, rng.IntN(10))
		for i := range key {
			key[i] = "\x00\x00\x01!b \"\xff"[rng.IntN(8)]
		}
		keys = append(keys, string(key))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// TestKeysAgainstMap writes awkward keys through the mapping into a picky
// library and compares gets and scans from every bound with a plain map.
func TestKeysAgainstMap(t *testing.T) {
	rng := testseed.Rand(t)
	all := testKeys(rng)
	keys := NewKeys(5, []byte("!b!"))
	tx := memTx{5, "!b!", map[string]string{}}
	want := map[string]string{}
	for range 4000 {
		key := all[rng.IntN(len(all))]
		var b kv.Batch
		if rng.IntN(3) == 0 {
			b.Delete([]byte(key))
			delete(want, key)
		} else {
			want[key] = fmt.Sprint(rng.IntN(1000))
			b.Set([]byte(key), []byte(want[key]))
		}
		if err := keys.Apply(b.Ops(), tx); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range all {
		stored, bucket := keys.Stored([]byte(key))
		value, err := tx.Get(stored)
		ok := err == nil
		if ok && bucket {
			value, ok = FromBucket(value, []byte(key))
		}
		if w, wantOK := want[key]; ok != wantOK || string(value) != w && ok {
			t.Fatalf("get %q: %q, %v; want %q, %v", key, value, ok, w, wantOK)
		}
		if !bucket && !bytes.Equal(Original(stored), []byte(key)) {
			t.Fatalf("%q is stored as %q, which reads as %q", key, stored, Original(stored))
		}
	}
	for _, lower := range all {
		for _, upper := range []string{"\xff\xff", all[rng.IntN(len(all))]} {
			compareScan(t, keys, tx, want, lower, upper)
		}
	}
}

func compareScan(t *testing.T, keys *Keys, tx memTx, want map[string]string, lower, upper string) {
	t.Helper()
	var wanted, got []string
	for k, v := range want {
		if k >= lower && k < upper {
			wanted = append(wanted, k+"="+v)
		}
	}
	c := keys.Cursor(tx.cursor(), []byte(lower), []byte(upper))
	for k, v, ok := c.First(); ok; k, v, ok = c.Next() {
		got = append(got, string(k)+"="+string(v))
	}
	slices.SortFunc(wanted, func(a, b string) int {
		return strings.Compare(a[:strings.LastIndex(a, "=")], b[:strings.LastIndex(b, "=")])
	})
	if !slices.Equal(got, wanted) {
		t.Fatalf("scan [%q, %q): %q, want %q", lower, upper, got, wanted)
	}
	slices.Reverse(wanted)
	got = nil
	back := keys.ReverseCursor(tx.cursor(), []byte(lower), []byte(upper))
	for k, v, ok := back.Last(); ok; k, v, ok = back.Prev() {
		got = append(got, string(k)+"="+string(v))
	}
	if !slices.Equal(got, wanted) {
		t.Fatalf("scan [%q, %q) downwards: %q, want %q", lower, upper, got, wanted)
	}
}

// TestStoredKeepsOrder checks the claim of the doc comment on every pair.
func TestStoredKeepsOrder(t *testing.T) {
	all := testKeys(testseed.Rand(t))
	keys := NewKeys(5, []byte("!b!"))
	for i, a := range all {
		for _, b := range all[i+1:] {
			sa, bucketA := keys.Stored([]byte(a))
			sb, bucketB := keys.Stored([]byte(b))
			if c := bytes.Compare(sa, sb); c > 0 || c == 0 && !(bucketA && bucketB) {
				t.Fatalf("%q < %q are stored as %q, %q", a, b, sa, sb)
			}
		}
	}
}
