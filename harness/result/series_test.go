package result

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lsmlab/harness/journal"

	"pgregory.net/rapid"

	"lsmlab/engines/testseed"
)

// genSeries draws timelines with what go-tsz gets wrong when used plainly: a
// late first point, time 0, gaps of every size, no points, one point, values
// with every bit pattern.
func genSeries(t *rapid.T) Series {
	s := Series{Name: rapid.StringN(0, 40, 200).Draw(t, "name")}
	ms := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 1<<31)).Draw(t, "first")
	gap := rapid.OneOf(rapid.Int64Range(99, 101), rapid.Int64Range(1, 5000), rapid.Int64Range(1, 1<<31))
	value := rapid.OneOf(
		rapid.Just(0.0), rapid.Float64(), rapid.Float64Range(0, 1e6),
		rapid.Custom(func(t *rapid.T) float64 { return math.Float64frombits(rapid.Uint64().Draw(t, "bits")) }))
	for range rapid.IntRange(0, 60).Draw(t, "points") {
		if ms > maxMillis {
			break
		}
		s.Millis = append(s.Millis, ms)
		s.Values = append(s.Values, value.Draw(t, "value"))
		ms += gap.Draw(t, "gap")
	}
	return s
}

// Every set of timelines reads back as written, bit for bit.
func TestSeriesRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(genSeries), 0, 5).Draw(t, "all")
		path := filepath.Join(dir, "x.tsz")
		if err := WriteSeries(path, all); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSeries(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(all) {
			t.Fatalf("%d series, want %d", len(got), len(all))
		}
		for i := range all {
			sameSeries(t, got[i], all[i])
		}
	})
}

func sameSeries(t *rapid.T, got, want Series) {
	if got.Name != want.Name || len(got.Millis) != len(want.Millis) || len(got.Values) != len(want.Values) {
		t.Fatalf("series %q of %d points, want %q of %d", got.Name, len(got.Millis), want.Name, len(want.Millis))
	}
	for i := range want.Millis {
		if got.Millis[i] != want.Millis[i] || math.Float64bits(got.Values[i]) != math.Float64bits(want.Values[i]) {
			t.Fatalf("point %d: %d %v, want %d %v", i, got.Millis[i], got.Values[i], want.Millis[i], want.Values[i])
		}
	}
}

// Any single flipped bit and any cut is an error, never other numbers.
func TestSeriesDamage(t *testing.T) {
	s := Series{Name: SeriesOps}
	for i := range 50 {
		s.Add(time.Duration(i)*SampleInterval, float64(i%7)*1e5)
	}
	path := filepath.Join(t.TempDir(), "x.tsz")
	if err := WriteSeries(path, []Series{s, {Name: "empty"}}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, _, err := decodeSeries(whole[:n]); err == nil {
			t.Fatalf("cut at %d: no error", n)
		}
		for bit := range 8 {
			flipped := append([]byte{}, whole...)
			flipped[n] ^= 1 << bit
			if _, _, err := decodeSeries(flipped); err == nil {
				t.Fatalf("bit %d of byte %d flipped: no error", bit, n)
			}
		}
	}
	if err := os.WriteFile(path, whole[:40], 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = ReadSeries(path)
	if damage := new(journal.DamageError); !errors.As(err, &damage) || damage.Path != path || damage.Offset != 12 {
		t.Fatalf("got %v, want damage at offset 12 of %s", err, path)
	}
}

func TestSeriesRefusesTimesThatDoNotRise(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tsz")
	for _, ms := range [][]int64{{5, 5}, {5, 4}, {-1}, {maxMillis + 1}} {
		if err := WriteSeries(path, []Series{{Name: "x", Millis: ms, Values: make([]float64, len(ms))}}); err == nil {
			t.Errorf("times %v: no error", ms)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused series left a file")
	}
}

func TestSeriesAddKeepsTimesRising(t *testing.T) {
	var s Series
	for _, d := range []time.Duration{0, 100, 100, 300, 1000} {
		s.Add(d*time.Microsecond, 1)
	}
	for i, want := range []int64{0, 1, 2, 3, 4} {
		if s.Millis[i] != want {
			t.Errorf("point %d at %d ms, want %d", i, s.Millis[i], want)
		}
	}
}

func FuzzDecodeSeries(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.tsz")
	s := Series{Name: SeriesP99}
	s.Add(0, 1)
	s.Add(time.Second, 2)
	if err := WriteSeries(path, []Series{s}); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	testseed.Damaged(f, 50, b)
	f.Fuzz(func(_ *testing.T, b []byte) { _, _, _ = decodeSeries(b) })
}
