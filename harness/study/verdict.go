package study

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// The verdicts on a claim. With lo and hi the interval of our figure, and none the value
// that would mean no difference:
const (
	// Reproduced: the interval holds the source's figure and leaves out none. Of an order:
	// each is greater than the next.
	Reproduced = "reproduced"
	// SameDirection: the whole interval lies on the source's side of none, but does not hold
	// the figure. Of an order: the first is greater than the last, and none is less than one
	// behind it.
	SameDirection = "same direction"
	// NoDifference: the interval holds none, so these rounds tell nothing apart.
	NoDifference = "no difference shown"
	// Contradicted: the whole interval lies on the other side of none. Of an order: one is
	// less than one behind it, at any place.
	Contradicted = "contradicted"
	// TooFew: under two rounds there is no interval.
	TooFew = "too few rounds"
	// NotMeasured: there are no cells for it.
	NotMeasured = "not measured"
	// Disturbed: a control shows a difference where there is none.
	Disturbed = "disturbed"
	// Beside: the figure belongs to the source's machine and is not judged.
	Beside = "beside"
)

// Verdict is a claim with what was measured. Values that the rounds do not give are 0.
type Verdict struct {
	Study      string  `json:"study"`
	Size       Size    `json:"size"`
	ID         string  `json:"id"` // of the claim
	Text       string  `json:"text"`
	Where      string  `json:"where"`
	Figure     float64 `json:"figure,omitempty"` // the source's
	Unit       string  `json:"unit,omitempty"`
	Ours       float64 `json:"ours,omitempty"`
	Lo         float64 `json:"lo,omitempty"` // interval of ours
	Hi         float64 `json:"hi,omitempty"`
	Confidence float64 `json:"confidence,omitempty"` // of the interval, a share of 1
	// Resolution is the least factor between two sides that these rounds could have told
	// apart, with a probability of 80%: see [stat.Ratio]. 0 for claims that are no ratios.
	Resolution float64 `json:"resolution,omitempty"`
	Rounds     int     `json:"rounds"` // the fewest that a side has
	Verdict    string  `json:"verdict"`
	Why        string  `json:"why,omitempty"` // what the verdict rests on, where the figures do not say it
	Limits     string  `json:"limits,omitempty"`
}

// Key implements [journal.Line].
func (v Verdict) Key() (id, status string) { return v.Study + "/" + v.ID, v.Verdict }

// Failed implements [journal.Line]: a verdict is computed anew whenever a study runs.
func (v Verdict) Failed() bool { return false }

// Evaluate judges every claim of a study by the cells of its parts, by the part's name.
// Controls follow, and figures to be shown beside come last.
func Evaluate(s Study, cells map[string][]result.Cell) (all []Verdict) {
	for _, c := range s.Claims {
		all = append(all, evaluate(s, c, cells))
	}
	for _, c := range s.Controls {
		v := evaluate(s, c, cells)
		if v.Verdict != NotMeasured && v.Verdict != TooFew && v.Verdict != NoDifference {
			v.Verdict = Disturbed
		}
		all = append(all, v)
	}
	for _, c := range s.Beside {
		v := evaluate(s, c, cells)
		if v.Verdict != NotMeasured {
			v.Verdict = Beside
		}
		all = append(all, v)
	}
	return all
}

func evaluate(s Study, c Claim, cells map[string][]result.Cell) Verdict {
	v := Verdict{Study: s.Name, Size: s.Size, ID: c.ID, Text: c.Text, Where: c.Where, Figure: c.Figure, Unit: c.Unit, Limits: c.Limits}
	var sums []stat.Summary
	v.Rounds = math.MaxInt
	for _, m := range c.Measures() {
		sum := Summarize(m, cells)
		if sum.N() == 0 {
			v.Rounds, v.Verdict, v.Why = 0, NotMeasured, fmt.Sprintf("no cell of part %s has the figure %s of %s", m.Part, cmp.Or(m.Figure, "ops_per_sec"), m)
			return v
		}
		if m.Part != c.Measures()[0].Part {
			sum.Rounds = nil // rounds of different parts are no blocks
		}
		v.Rounds = min(v.Rounds, sum.N())
		sums = append(sums, sum)
	}
	switch {
	case len(c.Order) > 0:
		v.judgeOrder(c, sums)
	case c.Over != nil:
		q := stat.Compare(sums[1], sums[0])
		v.judge(c, q.Value, q.Lo, q.Hi, 1-stat.Alpha)
		v.Resolution = resolution(q)
	default:
		v.judge(c, sums[0].Median, sums[0].Lo, sums[0].Hi, sums[0].Confidence)
	}
	return v
}

// judge sets figure, interval and verdict of a claim with a figure.
func (v *Verdict) judge(c Claim, ours, lo, hi, confidence float64) {
	if math.IsNaN(ours) {
		v.Verdict, v.Why = NotMeasured, "a side has a figure that is not positive: there is no ratio"
		return
	}
	v.Ours = ours
	if math.IsNaN(lo) || math.IsNaN(hi) {
		v.Verdict = TooFew
		return
	}
	v.Lo, v.Hi, v.Confidence = lo, hi, confidence
	v.Verdict = Judge(c.Figure, c.nothing(), lo, hi)
}

// Judge returns the verdict on a figure by our interval [lo, hi]; none is the value that
// would mean that there is no difference, and is not the figure.
func Judge(figure, none, lo, hi float64) string {
	switch {
	case lo <= none && none <= hi:
		return NoDifference
	case lo <= figure && figure <= hi:
		return Reproduced
	case (figure > none) == (lo > none):
		return SameDirection
	}
	return Contradicted
}

// judgeOrder compares each with all behind it. Our figure is the first over the last.
func (v *Verdict) judgeOrder(c Claim, sums []stat.Summary) {
	names := c.Names()
	v.Why = listed(names, sums)
	ends := stat.Compare(sums[len(sums)-1], sums[0])
	v.Unit = "×"
	if !math.IsNaN(ends.Value) {
		v.Ours = ends.Value
	}
	if v.Rounds < 2 || math.IsNaN(ends.Lo) {
		v.Verdict = TooFew
		return
	}
	v.Lo, v.Hi, v.Confidence, v.Resolution = ends.Lo, ends.Hi, 1-stat.Alpha, resolution(ends)
	proven, reversed := true, ""
	for i := range sums {
		for k := i + 1; k < len(sums); k++ {
			q := stat.Compare(sums[k], sums[i])
			if k == i+1 {
				proven = proven && q.Lo > 1
			}
			if q.Hi < 1 && reversed == "" {
				reversed = fmt.Sprintf("; %s is %.3g× %s, 95%% CI %.3g to %.3g", names[i], q.Value, names[k], q.Lo, q.Hi)
			}
		}
	}
	v.Why += reversed
	switch {
	case reversed != "":
		v.Verdict = Contradicted
	case proven:
		v.Verdict = Reproduced
	case ends.Lo > 1:
		v.Verdict = SameDirection
	default:
		v.Verdict = NoDifference
	}
}

// resolution returns the resolution of a comparison; 0 if it has none.
func resolution(q stat.Ratio) float64 {
	if math.IsNaN(q.Resolution) {
		return 0
	}
	return q.Resolution
}

// listed lists the medians of what was measured, in the source's order.
func listed(names []string, sums []stat.Summary) string {
	var parts []string
	for i, name := range names {
		parts = append(parts, name+" "+digits(sums[i].Median))
	}
	return strings.Join(parts, ", ")
}

// Cells reads the cells of all parts of a study's directory, by the part's name. Parts that
// have not begun have none.
func Cells(dir string, s Study) (map[string][]result.Cell, error) {
	all := map[string][]result.Cell{}
	for _, p := range s.Parts {
		cells, _, err := result.ReadCells(p.Dir(dir))
		if err != nil {
			return nil, err
		}
		all[p.Name] = cells
	}
	return all, nil
}
