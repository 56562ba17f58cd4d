package sstable

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// setups are the ways to write and read a table. The tiny ones bring bad luck
// on purpose: every entry a block, every entry a restart, or a single restart.
var setups = []struct {
	name  string
	w     WriterOptions
	r     ReaderOptions
	cache int64
}{
	{name: "default"},
	{name: "positioned", r: ReaderOptions{Mode: Positioned}},
	{name: "cached", r: ReaderOptions{Mode: Positioned}, cache: 1 << 20},
	{name: "zstd", w: WriterOptions{Compression: Zstd}},
	{name: "zstd cached", w: WriterOptions{Compression: Zstd}, cache: 1 << 16},
	{name: "zstd positioned", w: WriterOptions{Compression: Zstd}, r: ReaderOptions{Mode: Positioned}},
	{name: "zstd positioned cached", w: WriterOptions{Compression: Zstd}, r: ReaderOptions{Mode: Positioned}, cache: 1 << 20},
	{name: "block 1", w: WriterOptions{BlockSize: 1}},
	{name: "block 1 zstd", w: WriterOptions{BlockSize: 1, Compression: Zstd}},
	{name: "block 200", w: WriterOptions{BlockSize: 200, RestartInterval: 3}},
	{name: "block 1M", w: WriterOptions{BlockSize: 1 << 20}},
	{name: "restart 1", w: WriterOptions{RestartInterval: 1}},
	{name: "restart 1M", w: WriterOptions{RestartInterval: 1 << 20}},
	{name: "no bloom", w: WriterOptions{BloomBitsPerKey: -1}},
}

// checkTable compares every way to read r with the model.
func checkTable(t *testing.T, r *Reader, model []kvs) {
	t.Helper()
	if err := r.Verify(); err != nil {
		t.Fatal(err)
	}
	it := newIterator(r)
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		checkAt(t, it, model, n)
		n++
	}
	if n != len(model) || it.Next() {
		t.Fatalf("walked over %d entries, want %d", n, len(model))
	}
	checkReverse(t, r, model)
	step := max(1, len(model)/40)
	for i := 0; i < len(model); i += step {
		for _, k := range around(model[i].key) {
			checkSeek(t, it, model, k)
			checkGet(t, r, model, k.User, min(k.Trailer.Seq(), ikey.MaxSeq))
		}
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
}

// around returns keys at, just before and just after k.
func around(k ikey.Key) []ikey.Key {
	keys := []ikey.Key{k, {}, ikey.SeekKey(k.User, ikey.MaxSeq), {User: k.User}, {User: []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff")}}
	keys = append(keys, ikey.Key{User: append(bytes.Clone(k.User), 0), Trailer: k.Trailer})
	for _, d := range []ikey.Trailer{1, ^ikey.Trailer(0), 1 << 8} {
		keys = append(keys, ikey.Key{User: k.User, Trailer: k.Trailer + d})
	}
	if n := len(k.User); n > 0 {
		keys = append(keys, ikey.Key{User: k.User[:n-1], Trailer: k.Trailer}, ikey.Key{User: k.User[:n/2], Trailer: k.Trailer})
		for _, at := range []int{0, n / 2, n - 1} {
			for _, d := range []byte{1, 255} {
				user := bytes.Clone(k.User)
				user[at] += d
				keys = append(keys, ikey.Key{User: user, Trailer: k.Trailer})
			}
		}
	}
	return keys
}

func lowerBound(model []kvs, k ikey.Key) int {
	i, _ := slices.BinarySearchFunc(model, k, func(e kvs, k ikey.Key) int { return ikey.Compare(e.key, k) })
	return i
}

func checkAt(t *testing.T, it ikey.Iterator, model []kvs, i int) {
	t.Helper()
	if i >= len(model) {
		t.Fatalf("stands on %v, want the end", it.Key())
	}
	want := model[i]
	if k := it.Key(); ikey.Compare(k, want.key) != 0 || !bytes.Equal(it.Value(), want.value) {
		t.Fatalf("entry %d: %v, want %v", i, kvs{k, it.Value()}, want)
	}
}

// checkSeek seeks and goes on for a while.
func checkSeek(t *testing.T, it ikey.Iterator, model []kvs, k ikey.Key) {
	t.Helper()
	i := lowerBound(model, k)
	ok := it.SeekGE(k)
	if ok != (i < len(model)) {
		t.Fatalf("SeekGE(%v) = %v, want entry %d of %d", k, ok, i, len(model))
	}
	for n := 0; ok && n < 20; n++ {
		checkAt(t, it, model, i)
		ok = it.Next()
		i++
		if want := ok && bytes.Equal(model[i-1].key.User, model[i].key.User); ok && it.(*Iter).SameUser() != want {
			t.Fatalf("from %v to %v: SameUser is %v", model[i-1], model[i], !want)
		}
	}
}

func checkGet(t *testing.T, r *Reader, model []kvs, user []byte, seq ikey.Seq) {
	t.Helper()
	i := lowerBound(model, ikey.SeekKey(user, seq))
	has := i < len(model) && bytes.Equal(model[i].key.User, user)
	got, version, ok, err := r.Get([]byte("dst"), user, seq)
	if err != nil || ok != has {
		t.Fatalf("Get(%q, %d): found %v, want %v, error %v", user, seq, ok, has, err)
	}
	want := "dst"
	if has {
		want += string(model[i].value)
		if version != model[i].key.Trailer || !r.MayContain(Hash(user)) {
			t.Fatalf("Get(%q, %d): trailer %x of %v, or the filter lost it", user, seq, version, model[i])
		}
	}
	if string(got) != want {
		t.Fatalf("Get(%q, %d) = %.60q, want %.60q", user, seq, got, want)
	}
}

// TestModel compares tables of all shapes in all setups with a sorted slice:
// the walk, seeks at and around entries, gets at and around LSNs, Verify.
func TestModel(t *testing.T) {
	models := map[string][]kvs{
		"one":        {set("k", 1, "v")},
		"empty key":  {set("", 9, "v"), del("", 3), set("", 0, "")},
		"tombstone":  {del("k", 1)},
		"versions":   manyVersions(2000),
		"bottom":     bottomLevel(3000),
		"large keys": largeKeys(),
		"1 KB":       values(200, 1000),
		"4 KB":       values(60, 4000),
		"prefixes":   prefixes(),
	}
	rng := testseed.Rand(t)
	for i := range 3 {
		models[fmt.Sprintf("random %d", i)] = randomModel(rng, 1500)
	}
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for name, model := range models {
				fs := vfs.NewMem()
				p := writeTable(t, fs, "t", s.w, model)
				o := s.r
				if s.cache > 0 {
					o.Cache = NewCache(s.cache)
				}
				r := openTable(t, fs, "t", o)
				checkTable(t, r, model)
				checkProperties(t, p, r, model)
				if t.Failed() {
					t.Fatal("model", name)
				}
			}
		})
	}
}

func manyVersions(n int) []kvs {
	var model []kvs
	for i := range n {
		e := set("same key", ikey.Seq(n-i)*3, strings.Repeat("v", i%50))
		if i%5 == 0 {
			e = del("same key", ikey.Seq(n-i)*3)
		}
		model = append(model, e)
	}
	return append(append([]kvs{set("samd", 5, "before")}, model...), set("same key!", 7, "after"))
}

func bottomLevel(n int) []kvs {
	var model []kvs
	for i := range n {
		model = append(model, set(fmt.Sprintf("user%08d", i*7), 0, fmt.Sprint(i)))
	}
	return model
}

func largeKeys() []kvs {
	var model []kvs
	for i := range 12 {
		long := strings.Repeat("x", 64<<10-2) + string(rune('a'+i))
		model = append(model, set(long, ikey.Seq(i), "v"), set("short"+fmt.Sprint(i), ikey.MaxSeq, long))
	}
	return sortModel(model)
}

// TestNextBothWays: Next reads the usual entry in its own way, and shows what
// nextSlow shows of it.
func TestNextBothWays(t *testing.T) {
	fs := vfs.NewMem()
	rng := testseed.Rand(t)
	for i := range 200 {
		name := fmt.Sprintf("table %d", i)
		model := randomModel(rng, 1+rng.IntN(500))
		writeTable(t, fs, name, WriterOptions{RestartInterval: 1 + rng.IntN(16)}, model)
		r := openTable(t, fs, name, ReaderOptions{})
		var quick, slow Iter
		r.InitIter(&quick)
		r.InitIter(&slow)
		for n, e := range model {
			if !quick.Next() || !slow.nextSlow(slow.entries[slow.next:]) {
				t.Fatalf("%s ends at entry %d of %d: %v, %v", name, n, len(model), quick.err, slow.err)
			}
			if ikey.Compare(quick.Key(), e.key) != 0 || ikey.Compare(slow.Key(), e.key) != 0 ||
				!bytes.Equal(quick.Value(), e.value) || !bytes.Equal(slow.Value(), e.value) || quick.same != slow.same {
				t.Fatalf("%s entry %d is %v: Next shows %v, nextSlow %v", name, n, e, quick.Key(), slow.Key())
			}
		}
		if quick.Next() || slow.nextSlow(nil) {
			t.Errorf("%s goes on after %d entries", name, len(model))
		}
		if err := errors.Join(quick.Close(), slow.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestHugeValue stores the largest value and key allowed, with little ones
// around them.
func TestHugeValue(t *testing.T) {
	model := []kvs{
		set("a", 1, "v"), set("huge", 1, strings.Repeat("0123456789abcdef", 1<<20)), set("z", 1, "v"),
		set(strings.Repeat("z", 64<<10), 1, "v"),
	}
	for _, c := range []Compression{None, Zstd} {
		for _, m := range []Mode{Mapped, Positioned} {
			fs := vfs.NewMem()
			writeTable(t, fs, "t", WriterOptions{Compression: c}, model)
			r := openTable(t, fs, "t", ReaderOptions{Mode: m})
			if err := r.Verify(); err != nil {
				t.Fatal(err)
			}
			for _, e := range model {
				checkGet(t, r, model, e.key.User, 1)
			}
			checkSeek(t, newIterator(r), model, model[0].key)
		}
	}
}

func values(n, size int) []kvs {
	var model []kvs
	for i := range n {
		model = append(model, set(fmt.Sprintf("key%05d", i), ikey.Seq(i*i), strings.Repeat(fmt.Sprint(i%10), size)))
	}
	return model
}

// prefixes has keys that are prefixes of others and differ only in zeros, which
// heads cannot tell apart.
func prefixes() []kvs {
	var model []kvs
	for n := range 300 {
		model = append(model, set("p"+strings.Repeat("\x00", n), ikey.Seq(n), fmt.Sprint(n)),
			set("p"+strings.Repeat("\xff", n)+"\x00", ikey.Seq(n), fmt.Sprint(n)))
	}
	return sortModel(model)
}

func checkProperties(t *testing.T, written Properties, r *Reader, model []kvs) {
	t.Helper()
	want := written
	want.Entries, want.Deletes, want.RawKeyBytes, want.RawValueBytes = 0, 0, 0, 0
	want.MinSeq, want.MaxSeq = ikey.MaxSeq, 0
	for _, e := range model {
		want.count(e.key, len(e.value))
	}
	want.Smallest, want.Largest = model[0].key.User, model[len(model)-1].key.User
	for _, got := range []Properties{written, r.Properties()} {
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("properties %+v, want %+v", got, want)
		}
	}
	if size, err := r.sizeNow(); err != nil || size != want.FileSize {
		t.Errorf("file has %d bytes, properties say %d (%v)", size, want.FileSize, err)
	}
}

func (r *Reader) sizeNow() (int64, error) {
	if r.file == nil {
		return int64(len(r.data)), nil
	}
	return r.file.Size()
}

// TestOS is the model test on real files.
func TestOS(t *testing.T) {
	model := randomModel(testseed.Rand(t), 5000)
	for _, s := range setups {
		name := filepath.Join(t.TempDir(), "t")
		writeTable(t, vfs.OS, name, s.w, model)
		checkTable(t, openTable(t, vfs.OS, name, s.r), model)
	}
}

// TestAligned pins that blocks of an uncompressed table begin on pages, and
// that blocks of values that fit badly grow instead of wasting space.
func TestAligned(t *testing.T) {
	for _, size := range []int{100, 1000, 1500, 2500, 5000} {
		fs := vfs.NewMem()
		p := writeTable(t, fs, "t", WriterOptions{}, values(2000, size))
		r := openTable(t, fs, "t", ReaderOptions{})
		for i := range r.index.n {
			if start, _ := r.index.bounds(i); start%pageSize != 0 {
				t.Fatalf("block %d begins at %d", i, start)
			}
		}
		waste := float64(p.FileSize-p.IndexSize-p.BloomSize)/float64(p.RawKeyBytes+p.RawValueBytes) - 1
		t.Logf("values of %d bytes: %d blocks, %.1f%% more than raw", size, p.Blocks, waste*100)
		if waste > 0.13 {
			t.Errorf("values of %d bytes: %.1f%% more than raw", size, waste*100)
		}
	}
}
