package reports

import (
	"math"
	"testing"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit unit
		v    float64
		want string
	}{
		{unitCount, 0, "0"},
		{unitCount, 999.9, "1.00k"},
		{unitCount, 325_400, "325k"},
		{unitCount, 1_250_000, "1.25M"},
		{unitNanos, 850, "850 ns"},
		{unitNanos, 12_345, "12.3 µs"},
		{unitNanos, 999_999, "1.00 ms"},
		{unitNanos, 4.2e9, "4.20 s"},
		{unitBytes, 1023.9, "1.00 KiB"},
		{unitBytes, 1 << 20, "1.00 MiB"},
		{unitBytes, 1000 << 10, "1,000 KiB"},
		{unitTimes, 0.194, "0.194×"},
		{unitTimes, 0.54, "0.540×"},
		{unitTimes, 0.0999, "0.0999×"},
		{unitTimes, 0.09999, "0.100×"},
		{unitTimes, -2, "-2.00×"},
		{unitTimes, 12345, "12,345×"},
		{unitCount, math.NaN(), "–"},
		{unitCount, math.Inf(1), "–"},
	} {
		if got := c.unit.format(c.v); got != c.want {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}

// Whatever the range, an axis has from two to nine labels in it, none twice.
func TestTicks(t *testing.T) {
	for exp := -3; exp < 13; exp++ {
		for _, span := range []float64{1.5, 2, 7, 40, 1e3, 1e7} {
			low := 1.7 * math.Pow(10, float64(exp))
			checkTicks(t, linearTicks{unitCount, 4}.labels(0, low*span), 0, low*span)
			checkTicks(t, logTicks{unitNanos}.labels(low, low*span), low, low*span)
		}
	}
}

func (l linearTicks) labels(low, high float64) (out []string) { return labelsOf(l.Ticks(low, high)) }

func (l logTicks) labels(low, high float64) (out []string) { return labelsOf(l.Ticks(low, high)) }

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
