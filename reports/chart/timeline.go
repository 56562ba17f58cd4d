package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lsmlab/harness/result"
)

// TimelineRow is one row of a timeline.
type TimelineRow struct {
	Series string // name of the series that it shows
	Title  string
	Unit   Unit
	Log    bool                    // its axis is logarithmic
	Reduce func([]float64) float64 // combines the points that share a pixel
}

// maxPoints is how many points a curve has. More would not be visible at this width.
const maxPoints = 250

// TimelineInput is what one engine shows in a timeline: the series of one cell, by
// name.
type TimelineInput struct {
	Look   Look
	Series map[string]result.Series
}

// TimelinePanels draws rows that share the time axis, one panel each, and a last panel
// with the events of engines. Rows without data are left out.
func TimelinePanels(rows []TimelineRow, inputs []TimelineInput) []Panel {
	end := 0.0
	for _, in := range inputs {
		for _, s := range in.Series {
			if n := len(s.Millis); n > 0 {
				end = math.Max(end, float64(s.Millis[n-1])/1000)
			}
		}
	}
	var panels []Panel
	for _, row := range rows {
		set := LineSet{Width: 1.2}
		for _, in := range inputs {
			l := timelineLine(in, row.Series, row.Log, row.Reduce)
			if len(l.Xs) >= 2 && MaxOf(l.Ys) > 0 {
				set.Lines = append(set.Lines, l)
			}
		}
		if len(set.Lines) == 0 {
			continue
		}
		p := timePlot(end)
		set.YRange(p, row.Log)
		p.Y.Tick.Marker = LinearTicks{Unit: row.Unit, Want: 3}
		if row.Unit.Name == "" && p.Y.Max < 4 {
			p.Y.Tick.Marker = LinearTicks{Unit: row.Unit, Want: int(p.Y.Max)}
		}
		if row.Log {
			p.Y.Scale = plot.LogScale{}
			p.Y.Tick.Marker = SparseTicks{LogTicks{Unit: row.Unit}, 4}
		}
		p.Add(set)
		panels = append(panels, Panel{Title: row.Title, Plot: p, Height: vg.Points(74)})
	}
	if len(panels) == 0 {
		return nil
	}
	if e, ok := eventPanel(inputs, end); ok {
		panels = append(panels, e)
	}
	last := &panels[len(panels)-1]
	last.Plot.X.Label.Text = "seconds since the start of the measured part"
	last.Height += vg.Points(12)
	return panels
}

func timePlot(end float64) *plot.Plot {
	p := NewPlot()
	p.X.Min, p.X.Max = 0, math.Max(end, 0.1)
	p.X.Tick.Marker = LinearTicks{Unit: UnitCount, Want: 5}
	return p
}

// timelineLine returns a curve of at most maxPoints points, with a few markers.
func timelineLine(in TimelineInput, name string, log bool, reduce func([]float64) float64) Line {
	s := withoutStub(in.Series[name])
	l := Line{Look: in.Look}
	per := (len(s.Millis) + maxPoints - 1) / maxPoints
	for i := 0; i < len(s.Millis); i += max(per, 1) {
		j := min(i+max(per, 1), len(s.Millis))
		v := reduce(s.Values[i:j])
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || log && v == 0 {
			continue
		}
		l.Xs, l.Ys = append(l.Xs, float64(s.Millis[j-1])/1000), append(l.Ys, v)
	}
	const markers = 4
	offset := len(in.Look.Name) // keeps the markers of different engines apart
	for k := range markers {
		if n := len(l.Xs); n > 2*markers {
			l.Marks = append(l.Marks, (k*n/markers+offset%5*n/markers/5)%n)
		}
	}
	return l
}

// withoutStub leaves out the last point if its interval is too short for a rate.
func withoutStub(s result.Series) result.Series {
	n := len(s.Millis)
	if n >= 2 && s.Millis[n-1]-s.Millis[n-2] < result.SampleInterval.Milliseconds()/2 {
		s.Millis, s.Values = s.Millis[:n-1], s.Values[:n-1]
	}
	return s
}

// MeanOf returns the mean of v, or NaN if v is empty.
func MeanOf(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// MaxOf returns the largest of v, or negative infinity if v is empty.
func MaxOf(v []float64) float64 {
	out := math.Inf(-1)
	for _, x := range v {
		out = math.Max(out, x)
	}
	return out
}
