package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// unit is how values of one kind are written, with three significant digits.
type unit struct {
	name  string // for a table's head: "ns", "bytes"
	steps []unitStep
}

type unitStep struct {
	factor float64
	suffix string
}

var (
	unitCount = unit{"", []unitStep{{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}}}
	unitNanos = unit{"ns", []unitStep{{1, " ns"}, {1e3, " µs"}, {1e6, " ms"}, {1e9, " s"}}}
	unitBytes = unit{"bytes", []unitStep{{1, " B"}, {1 << 10, " KiB"}, {1 << 20, " MiB"}, {1 << 30, " GiB"}, {1 << 40, " TiB"}}}
	unitTimes = unit{"x", []unitStep{{1, "×"}}}
	unitSecs  = unit{"s", []unitStep{{1, " s"}}}
)

// step returns the largest step of u that is not over v.
func (u unit) step(v float64) unitStep {
	at := u.steps[0]
	for _, s := range u.steps {
		if math.Abs(v) >= s.factor {
			at = s
		}
	}
	return at
}

// format writes v for people.
func (u unit) format(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	// What rounds up to the next step is written in it: 1.00 MiB, not 1024 KiB.
	s := u.step(v * (1 + 5e-4))
	return digits(v/s.factor) + s.suffix
}

// digits writes v with three significant digits, and thousands in full.
func digits(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a >= 99.95:
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a >= 0.001:
		return strconv.FormatFloat(v, 'f', 2-int(math.Floor(math.Log10(a*(1+5e-4)))), 64)
	}
	return fmt.Sprintf("%.2e", v)
}

// thousands puts a comma before every three digits of a whole number.
func thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// plain writes a tick label without needless zeros.
func (u unit) plain(v, scale float64) string {
	s := u.step(scale)
	return strconv.FormatFloat(v/s.factor, 'g', 6, 64) + s.suffix
}

// linearTicks puts about want ticks at round values from the least to the
// greatest.
type linearTicks struct {
	unit unit
	want int
}

// Ticks implements [plot.Ticker].
func (t linearTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: t.unit.format(low)}}
	}
	scale := t.unit.step(math.Max(math.Abs(low), math.Abs(high)))
	step := niceStep((high-low)/scale.factor, t.want) * scale.factor
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high*(1+1e-12); i++ {
		v := i * step
		label := t.unit.plain(v, scale.factor)
		if v == 0 {
			label = "0"
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: label})
	}
	return ticks
}

// niceStep returns 1, 2, 2.5 or 5 times a power of ten that cuts span into at
// most want parts.
func niceStep(span float64, want int) float64 {
	raw := span / float64(max(want, 1))
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// logTicks puts labels at powers of ten, and at 2 and 5 times them where the axis
// is short.
type logTicks struct{ unit unit }

// Ticks implements [plot.Ticker]. Both limits must be positive.
func (t logTicks) Ticks(low, high float64) []plot.Tick {
	decades := math.Log10(high / low)
	every := int(math.Ceil(decades / 6))
	var ticks []plot.Tick
	first := int(math.Floor(math.Log10(low)))
	for e := first; e <= int(math.Ceil(math.Log10(high))); e++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, float64(e))
			if v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			labelled := m == 1 && (e-first)%max(every, 1) == 0 || decades < 2.6
			tick := plot.Tick{Value: v}
			if labelled {
				tick.Label = t.unit.plain(v, v)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}
