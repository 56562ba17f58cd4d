package chart

import (
	"math"
	"testing"

	"gonum.org/v1/plot"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit Unit
		v    float64
		want string
	}{
		{UnitCount, 0, "0"},
		{UnitCount, 999.9, "1.00k"},
		{UnitCount, 325_400, "325k"},
		{UnitCount, 1_250_000, "1.25M"},
		{UnitNanos, 850, "850 ns"},
		{UnitNanos, 12_345, "12.3 µs"},
		{UnitNanos, 999_999, "1.00 ms"},
		{UnitNanos, 4.2e9, "4.20 s"},
		{UnitBytes, 1023.9, "1.00 KiB"},
		{UnitBytes, 1 << 20, "1.00 MiB"},
		{UnitBytes, 1000 << 10, "1,000 KiB"},
		{UnitTimes, 0.194, "0.194×"},
		{UnitTimes, 0.54, "0.540×"},
		{UnitTimes, 0.0999, "0.0999×"},
		{UnitTimes, 0.09999, "0.100×"},
		{UnitTimes, -2, "-2.00×"},
		{UnitTimes, 12345, "12,345×"},
		{UnitCount, math.NaN(), "–"},
		{UnitCount, math.Inf(1), "–"},
	} {
		if got := c.unit.Format(c.v); got != c.want {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}

// Whatever the range, an axis has from two to nine labels in it, none twice.
func TestTicks(t *testing.T) {
	for exp := -3; exp < 13; exp++ {
		for _, span := range []float64{1.5, 2, 7, 40, 1e3, 1e7} {
			low := 1.7 * math.Pow(10, float64(exp))
			checkTicks(t, LinearTicks{Unit: UnitCount, Want: 4}.labels(0, low*span), 0, low*span)
			checkTicks(t, LogTicks{Unit: UnitNanos}.labels(low, low*span), low, low*span)
		}
	}
}

func (l LinearTicks) labels(low, high float64) (out []string) { return labelsOf(l.Ticks(low, high)) }

func (l LogTicks) labels(low, high float64) (out []string) { return labelsOf(l.Ticks(low, high)) }

func checkTicks(t *testing.T, labels []string, low, high float64) {
	t.Helper()
	seen := map[string]bool{}
	for _, l := range labels {
		if seen[l] {
			t.Errorf("%g to %g: label %s twice in %q", low, high, l, labels)
		}
		seen[l] = true
	}
	if n := len(labels); n > 9 || n < 1 || n < 2 && high/math.Max(low, 1e-99) >= 7 {
		t.Errorf("%g to %g: labels %q", low, high, labels)
	}
}

func labelsOf(ticks []plot.Tick) (out []string) {
	for _, t := range ticks {
		if !t.IsMinor() {
			out = append(out, t.Label)
		}
	}
	return out
}
