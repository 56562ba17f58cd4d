package chart

import (
	"fmt"
	"math"
	"strconv"

	"lsmlab/harness/human"

	"gonum.org/v1/plot"
)

// Unit is how values of one kind are written, with three significant digits.
type Unit struct {
	Name  string // for a table's head: "ns", "bytes"
	Steps []UnitStep
}

// UnitStep is a multiple of a unit: values of at least Factor are written with Suffix.
type UnitStep struct {
	Factor float64
	Suffix string
}

// The units of all figures.
var (
	UnitCount = Unit{"", []UnitStep{{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}}}
	UnitNanos = Unit{"ns", []UnitStep{{1, " ns"}, {1e3, " µs"}, {1e6, " ms"}, {1e9, " s"}}}
	UnitBytes = Unit{"bytes", []UnitStep{{1, " B"}, {1 << 10, " KiB"}, {1 << 20, " MiB"}, {1 << 30, " GiB"}, {1 << 40, " TiB"}}}
	UnitTimes = Unit{"x", []UnitStep{{1, "×"}}}
	UnitPlain = Unit{"", []UnitStep{{1, ""}}}
	UnitSecs  = Unit{"s", []UnitStep{{1, " s"}}}
)

// step returns the largest step of u that does not exceed v.
func (u Unit) step(v float64) UnitStep {
	at := u.Steps[0]
	for _, s := range u.Steps {
		if math.Abs(v) >= s.Factor {
			at = s
		}
	}
	return at
}

// Format writes v for people.
func (u Unit) Format(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	// A value that rounds up to the next step is written in that step: 1.00 MiB, not 1024 KiB.
	s := u.step(v * (1 + 5e-4))
	return digits(v/s.Factor) + s.Suffix
}

// digits writes v with three significant digits, and thousands in full.
func digits(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a >= 99.95:
		return human.Thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a >= 0.001:
		return strconv.FormatFloat(v, 'f', 2-int(math.Floor(math.Log10(a*(1+5e-4)))), 64)
	}
	return fmt.Sprintf("%.2e", v)
}

// plain writes a tick label without unnecessary zeros.
func (u Unit) plain(v, scale float64) string {
	s := u.step(scale)
	return strconv.FormatFloat(v/s.Factor, 'g', 6, 64) + s.Suffix
}

// LinearTicks puts ticks at round values, about as many as wanted, from the least to
// the greatest value.
type LinearTicks struct {
	Unit Unit
	Want int
}

// Ticks implements [plot.Ticker].
func (t LinearTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: t.Unit.Format(low)}}
	}
	scale := t.Unit.step(math.Max(math.Abs(low), math.Abs(high)))
	step := niceStep((high-low)/scale.Factor, t.Want) * scale.Factor
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high*(1+1e-12); i++ {
		v := i * step
		label := t.Unit.plain(v, scale.Factor)
		if v == 0 {
			label = "0"
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: label})
	}
	return ticks
}

// niceStep returns 1, 2, 2.5 or 5 times a power of ten that divides span into at most
// want parts.
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

// LogTicks puts labels at powers of ten. If the axis is short enough, it also puts them
// at 5 and 2 times these.
type LogTicks struct{ Unit Unit }

// Ticks implements [plot.Ticker]. Both limits must be positive.
func (t LogTicks) Ticks(low, high float64) []plot.Tick {
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
			labelled := m == 1 && (e-first)%max(every, 1) == 0 || m == 5 && decades < 2.6 || decades < 1.4
			tick := plot.Tick{Value: v}
			if labelled {
				tick.Label = t.Unit.plain(v, v)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// SparseTicks removes labels from a ticker that gives more than Most.
type SparseTicks struct {
	Ticker plot.Ticker
	Most   int
}

// Ticks implements [plot.Ticker].
func (s SparseTicks) Ticks(low, high float64) []plot.Tick {
	ticks := s.Ticker.Ticks(low, high)
	n := 0
	for _, t := range ticks {
		if !t.IsMinor() {
			n++
		}
	}
	every := (n + s.Most - 1) / s.Most
	at := 0
	for i, t := range ticks {
		if t.IsMinor() {
			continue
		}
		if at%max(every, 1) != 0 {
			ticks[i].Label = ""
		}
		at++
	}
	return ticks
}
