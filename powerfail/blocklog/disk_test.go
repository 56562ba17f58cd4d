package blocklog

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"lsmlab/engines/testseed"
)

// record returns the log that script makes on a disk of 64 KiB.
func record(t testing.TB, script func(r *Recorder)) *Log {
	t.Helper()
	var file bytes.Buffer
	r := NewRecorder(&file, 64<<10)
	script(r)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Decode(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func content(m *Image) []byte {
	var all []byte
	for i := range m.Blocks() {
		if b := m.Block(i); b != nil {
			all = append(all, b...)
		} else {
			all = append(all, make([]byte, BlockSize)...)
		}
	}
	return all[:m.Size()]
}

// walk makes every state of a cut: it answers from a list of choices, and then
// counts that up like an odometer.
func walk(d *Disk, position int64, m Model, visit func(*Image)) {
	var choices, limits []int
	for {
		limits = limits[:0]
		image := d.Crash(position, m, func(_ Site, n int) int {
			i := len(limits)
			limits = append(limits, n)
			if i == len(choices) {
				choices = append(choices, 0)
			}
			return choices[i]
		})
		visit(image)
		choices = choices[:len(limits)]
		for len(choices) > 0 && choices[len(choices)-1] == limits[len(choices)-1]-1 {
			choices = choices[:len(choices)-1]
		}
		if len(choices) == 0 {
			return
		}
		choices[len(choices)-1]++
	}
}

// firstBytes returns, sorted, what byte 0 and byte 512 of the disk may be.
func firstBytes(t *testing.T, l *Log, position int64, m Model) []string {
	t.Helper()
	d, err := NewDisk(l, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	walk(d, position, m, func(i *Image) {
		all := content(i)
		seen[fmt.Sprintf("%c%c", max(all[0], '.'), max(all[512], '.'))] = true
	})
	return slices.Sorted(maps.Keys(seen))
}

func fill(c byte) []byte { return bytes.Repeat([]byte{c}, 1024) }

// What each rule of the model allows, by hand: the first letters of two sectors.
func TestModel(t *testing.T) {
	whole, torn := Model{}, Model{Sector: 512}
	for name, c := range map[string]struct {
		script func(r *Recorder)
		model  Model
		want   []string
	}{
		"not issued":       {func(*Recorder) {}, torn, []string{".."}},
		"whole":            {func(r *Recorder) { r.Write(0, fill('a'), false) }, whole, []string{"..", "aa"}},
		"torn":             {func(r *Recorder) { r.Write(0, fill('a'), false) }, torn, []string{"..", "a.", "aa"}},
		"one large sector": {func(r *Recorder) { r.Write(0, fill('a'), false) }, Model{Sector: 4096}, []string{"..", "aa"}},
		"flushed":          {func(r *Recorder) { r.Done(r.Write(0, fill('a'), false)); r.Done(r.Flush()) }, torn, []string{"aa"}},
		"flush under way":  {func(r *Recorder) { r.Done(r.Write(0, fill('a'), false)); r.Flush() }, torn, []string{"..", "a.", "aa"}},
		"completed after the flush was issued": {func(r *Recorder) {
			w, f := r.Write(0, fill('a'), false), r.Flush()
			r.Done(w)
			r.Done(f)
		}, whole, []string{"..", "aa"}},
		"completed after one flush, before the next": {func(r *Recorder) {
			w, f := r.Write(0, fill('a'), false), r.Flush()
			r.Done(w)
			r.Done(f)
			r.Done(r.Flush())
		}, whole, []string{"aa"}},
		"FUA":           {func(r *Recorder) { r.Done(r.Write(0, fill('a'), true)) }, torn, []string{"aa"}},
		"FUA under way": {func(r *Recorder) { r.Write(0, fill('a'), true) }, torn, []string{"..", "a.", "aa"}},
		"zeros": {func(r *Recorder) {
			r.Done(r.Write(0, fill('a'), false))
			r.Done(r.Flush())
			r.Zero(0, 1024, false)
		}, torn, []string{"..", ".a", "aa"}},
		"two in order": {func(r *Recorder) {
			r.Done(r.Write(0, fill('a'), false))
			r.Write(0, fill('b'), false)
		}, whole, []string{"..", "aa", "bb"}},
		"over a pending one by FUA": {func(r *Recorder) {
			r.Done(r.Write(0, fill('a'), false))
			r.Done(r.Write(0, fill('b')[:512], true))
		}, whole, []string{"b.", "ba"}},
		"two at once": {func(r *Recorder) {
			r.Write(0, fill('a'), false)
			r.Write(0, fill('b')[:512], false)
		}, whole, []string{"..", "aa", "b.", "ba"}},
		"lost flush": {func(r *Recorder) {
			r.Done(r.Write(0, fill('a')[:512], false))
			r.Done(r.Flush())
			r.Done(r.Write(512, fill('b')[:512], false))
		}, Model{Lies: true}, []string{"..", "a.", "ab"}},
	} {
		l := record(t, c.script)
		if got := firstBytes(t, l, l.End, c.model); !slices.Equal(got, c.want) {
			t.Errorf("%s: states %q, want %q", name, got, c.want)
		}
	}
}

// Of two writes that overlap in time the earlier may land on top, unless
// one between them forbids it.
func TestOrder(t *testing.T) {
	under := func(s Site, n int) int {
		if s.Kind == SiteOrder {
			return 0
		}
		return n - 1
	}
	for name, c := range map[string]struct {
		script func(r *Recorder)
		want   byte
	}{
		"at once": {func(r *Recorder) { r.Write(0, fill('a'), false); r.Write(0, fill('b'), false) }, 'a'},
		"one after the other": {func(r *Recorder) {
			r.Done(r.Write(0, fill('a'), false))
			r.Write(0, fill('b'), false)
		}, 'b'},
		"overtakes two, but not the first": {func(r *Recorder) {
			r.Done(r.Write(0, fill('a'), false))
			r.Write(0, fill('b'), false)
			r.Write(0, fill('c'), false)
		}, 'b'},
	} {
		l := record(t, c.script)
		d, err := NewDisk(l, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := content(d.Crash(l.End, Model{}, under))[0]; got != c.want {
			t.Errorf("%s: %c on top, want %c", name, got, c.want)
		}
	}
}

// randomLog does a few operations on 16 sectors, up to three at once.
func randomLog(t *testing.T, rng *rand.Rand) *Log {
	return record(t, func(r *Recorder) {
		var open []int64
		for i := range 30 {
			switch k := rng.IntN(10); {
			case k < 4 && len(open) < 3:
				data := bytes.Repeat([]byte{byte(i + 1)}, 512*(1+rng.IntN(3)))
				open = append(open, r.Write(512*rng.Int64N(14), data, rng.IntN(8) == 0))
			case k < 5 && len(open) < 3:
				open = append(open, r.Zero(512*rng.Int64N(14), 512, false))
			case k < 6 && len(open) < 3:
				open = append(open, r.Flush())
			case len(open) > 0:
				at := rng.IntN(len(open))
				r.Done(open[at])
				open = slices.Delete(open, at, at+1)
			}
		}
	})
}

// allowed says what sector s may hold at a cut, by the words of the package
// comment: the bytes of every operation on it that is not surely overwritten.
func allowed(l *Log, s, position int64) map[byte]bool {
	on := func(o Op) bool { return o.Kind != Flush && o.Offset <= s*512 && s*512 < o.Offset+o.Length }
	durable := func(o Op) bool {
		if o.Done == Never || o.Done > position {
			return false
		}
		return o.FUA || slices.ContainsFunc(l.Ops, func(f Op) bool {
			return f.Kind == Flush && o.Done < f.Issued && f.Done != Never && f.Done <= position
		})
	}
	values := map[byte]bool{}
	old := true // the zeros from before the log
	for i, o := range l.Ops {
		if o.Issued > position || !on(o) {
			continue
		}
		old = old && !durable(o)
		beaten := slices.ContainsFunc(l.Ops[i+1:], func(later Op) bool {
			return later.Issued <= position && on(later) && durable(later) && o.Done != Never && o.Done < later.Issued
		})
		if !beaten {
			values[append(o.Data, 0)[0]] = true
		}
	}
	if old {
		values[0] = true
	}
	return values
}

// Random logs, random cuts in any order, random choices: each sector holds what
// the model allows, the fingerprint depends on content alone, and a disk that
// went back and forth gives what a new one gives.
func TestRandom(t *testing.T) {
	rng := testseed.Rand(t)
	prints := map[uint64][]byte{}
	for range 100 {
		l := randomLog(t, rng)
		d, err := NewDisk(l, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			position := rng.Int64N(l.End + 1)
			choices := rng.Uint64()
			chooser := func() Chooser {
				own := rand.New(rand.NewPCG(choices, 1))
				return func(_ Site, n int) int { return own.IntN(n) }
			}
			image := d.Crash(position, Model{Sector: 512}, chooser())
			all := content(image)
			for s := range int64(16) {
				if got := all[s*512]; !allowed(l, s, position)[got] {
					t.Fatalf("cut at %d of %+v: sector %d holds %d, allowed %v", position, l.Ops, s, got, allowed(l, s, position))
				}
			}
			fresh, _ := NewDisk(l, 0)
			again := fresh.Crash(position, Model{Sector: 512}, chooser())
			if !bytes.Equal(all, content(again)) || image.Fingerprint() != again.Fingerprint() {
				t.Fatalf("cut at %d of %+v: another state the second time", position, l.Ops)
			}
			if old, ok := prints[image.Fingerprint()]; ok && !bytes.Equal(old, all) {
				t.Fatal("one fingerprint for two contents")
			}
			prints[image.Fingerprint()] = all
		}
	}
}

// Whatever is kept, a cut before the first position asked for is refused, and
// what was issued by then is there.
func TestFrom(t *testing.T) {
	l := record(t, func(r *Recorder) {
		r.Write(0, fill('a'), false)
		r.Mark("start")
		r.Done(r.Write(512, fill('b'), false))
	})
	from, _ := l.Find("start")
	d, err := NewDisk(l, from)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Model{{}, {Lies: true}} {
		if all := content(d.Crash(l.End, m, KeepNone)); all[0] != 'a' || all[512] != 'a' {
			t.Errorf("%+v: %c%c, want aa", m, all[0], all[512])
		}
		if all := content(d.Crash(l.End, m, KeepAll)); all[0] != 'a' || all[512] != 'b' {
			t.Errorf("%+v: %c%c, want ab", m, all[0], all[512])
		}
	}
	for _, bad := range []int64{-1, l.End + 1} {
		if _, err := NewDisk(l, bad); err == nil {
			t.Errorf("position %d was accepted", bad)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a cut before the start was accepted")
		}
	}()
	d.Crash(from-1, Model{}, KeepNone)
}

// The words of a choice name what is there of which bytes.
func TestOutcome(t *testing.T) {
	s := Site{Kind: SiteWrite, Op: 3, Offset: 700, Length: 2000, Sector: 512}
	tear, order := s, s
	tear.Kind, order.Kind = SiteTear, SiteOrder
	for want, got := range map[string]string{
		"operation 3 (2000 bytes at 700): lost":                          s.Outcome(0, 3),
		"operation 3 (2000 bytes at 700): torn":                          s.Outcome(1, 3),
		"operation 3 (2000 bytes at 700): whole":                         s.Outcome(2, 3),
		"operation 3 (2000 bytes at 700): the first 324 bytes are there": tear.Outcome(0, 4),
		"operation 3 (2000 bytes at 700): done before the earlier one":   order.Outcome(0, 2),
		"of 9 operations only the first 4 were done":                     Site{Kind: SitePrefix}.Outcome(4, 10),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func BenchmarkCrash(b *testing.B) {
	l := record(b, func(r *Recorder) {
		for i := range int64(2000) {
			r.Done(r.Write(i%16*4096, fill(byte(i))[:512], false))
			if i%20 == 0 {
				r.Done(r.Flush())
			}
		}
	})
	d, err := NewDisk(l, 0)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := int64(0); b.Loop(); i++ {
		d.Crash(i%l.End, Model{Sector: 512}, func(_ Site, n int) int { return rng.IntN(n) })
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "states/s")
}
