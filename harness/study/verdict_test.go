package study_test

import (
	"strings"
	"testing"

	"lsmlab/harness/result"
	"lsmlab/harness/study"
)

// The rule on every side of its boundaries, of a figure above and of one below what would
// mean no difference.
func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		figure, none, lo, hi float64
		want                 string
	}{
		{3, 1, 2.5, 3.5, study.Reproduced},
		{3, 1, 3, 3, study.Reproduced},
		{3, 1, 1.1, 2.9, study.SameDirection},
		{3, 1, 4, 5, study.SameDirection},
		{3, 1, 0.9, 1.1, study.NoDifference},
		{3, 1, 0.5, 5, study.NoDifference}, // holds both: these rounds tell nothing
		{3, 1, 1, 2, study.NoDifference},
		{3, 1, 0.2, 0.9, study.Contradicted},
		{0.5, 1, 0.4, 0.6, study.Reproduced},
		{0.5, 1, 0.7, 0.9, study.SameDirection},
		{0.5, 1, 1.2, 2, study.Contradicted},
		{4, 0, 4, 4, study.Reproduced},
		{4, 0, -3, -1, study.Contradicted},
	} {
		if got := study.Judge(tc.figure, tc.none, tc.lo, tc.hi); got != tc.want {
			t.Errorf("figure %v, none %v, interval %v to %v: %s, want %s", tc.figure, tc.none, tc.lo, tc.hi, got, tc.want)
		}
	}
}

// cells makes the rounds of contenders of one part: throughputs.
func cells(rounds map[string][]float64) map[string][]result.Cell {
	var all []result.Cell
	for contender, values := range rounds {
		for i, v := range values {
			all = append(all, result.Cell{
				Status: result.StatusOK, Engine: contender, Workload: "w", Round: i + 1, OpsPerSec: v, Threads: 1, Durability: "volatile",
				Figures: map[string]float64{"own": v / 2},
			})
		}
	}
	return map[string][]result.Cell{"p": all}
}

func m(contender string) study.Measure {
	return study.Measure{Part: "p", Contender: contender, Work: "w"}
}

func ratio(figure float64, of, over study.Measure) study.Claim {
	return study.Claim{ID: "c", Figure: figure, Unit: "×", Of: &of, Over: &over}
}

func evaluate(c study.Claim, all map[string][]result.Cell) study.Verdict {
	return study.Evaluate(study.Study{Name: "s", Claims: []study.Claim{c}}, all)[0]
}

// Ratios, values, orders and figures that are combined round by round.
func TestEvaluate(t *testing.T) {
	low, high, higher := []float64{100, 101, 99, 100}, []float64{300, 302, 299, 301}, []float64{900, 903, 899, 901}
	all := cells(map[string][]float64{"a": low, "b": high, "c": higher, "noisy": {10, 1000, 50, 400}, "once": {5}, "zero": {0, 0}})
	value := func(figure float64, of study.Measure) study.Claim {
		return study.Claim{ID: "c", Figure: figure, Unit: "count", Of: &of}
	}
	order := func(names ...string) (c study.Claim) {
		for _, n := range names {
			c.Order = append(c.Order, m(n))
		}
		return c
	}
	per, less, own, nobody := m("c"), m("c"), m("a"), m("nobody")
	a := m("a")
	per.Per, less.Less, own.Figure = &a, &a, "own"
	for name, tc := range map[string]struct {
		claim study.Claim
		want  string
	}{
		"ratio":             {ratio(3, m("b"), m("a")), study.Reproduced},
		"other ratio":       {ratio(5, m("b"), m("a")), study.SameDirection},
		"ratio against":     {ratio(3, m("a"), m("b")), study.Contradicted},
		"noise":             {ratio(3, m("noisy"), m("a")), study.NoDifference},
		"one round":         {ratio(3, m("once"), m("a")), study.TooFew},
		"no contender":      {ratio(3, nobody, m("a")), study.NotMeasured},
		"no throughput":     {ratio(3, m("zero"), m("a")), study.NotMeasured},
		"value":             {value(100, m("a")), study.Reproduced},
		"own figure":        {value(50, own), study.Reproduced},
		"per round":         {value(9, per), study.Reproduced},
		"less":              {value(801, less), study.Reproduced},
		"order":             {order("c", "b", "a"), study.Reproduced},
		"order reversed":    {order("a", "b", "c"), study.Contradicted},
		"order of one pair": {order("c", "a", "b"), study.Contradicted},
		"order with noise":  {order("c", "noisy", "a"), study.SameDirection},
		"order of noise":    {order("noisy", "a"), study.NoDifference},
		"order of one":      {order("b", "once"), study.TooFew},
	} {
		if v := evaluate(tc.claim, all); v.Verdict != tc.want {
			t.Errorf("%s: %+v, want %s", name, v, tc.want)
		}
	}
	if v := evaluate(ratio(3, m("b"), m("a")), all); v.Rounds != 4 || v.Ours < 2.9 || v.Ours > 3.1 || v.Lo > v.Ours || v.Hi < v.Ours || v.Confidence != 0.95 || v.Resolution < 1 || v.Resolution > 1.1 {
		t.Errorf("%+v", v)
	}
}

// A control that shows a difference is disturbed.
func TestControls(t *testing.T) {
	all := cells(map[string][]float64{"a": {100, 101, 99, 100}, "a@again": {101, 100, 99, 100}, "b": {300, 302, 299, 301}})
	for over, want := range map[string]string{"a@again": study.NoDifference, "b": study.Disturbed} {
		c := ratio(1, m("a"), m(over))
		if v := study.Evaluate(study.Study{Name: "s", Controls: []study.Claim{c}}, all)[0]; v.Verdict != want {
			t.Errorf("a over %s: %+v, want %s", over, v, want)
		}
	}
}

// What a study says wrongly is refused with its place.
func TestParse(t *testing.T) {
	const sound = `{"name": "s", "question": "q?", "parts": [{"name": "p", "plan": {"kind": "locks", "rounds": 5, "threads": [4]}, "quick": {"rounds": 3}, "tiny": {"rounds": 1, "keys": 7}}],
		"claims": [{"id": "c", "text": "t", "where": "w", "figure": 3, "unit": "×", "of": {"part": "p", "contender": "a", "work": "w"}, "over": {"part": "p", "contender": "b", "work": "w"}}]}`
	s, err := study.Parse("s.json", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[study.Size][2]int64{study.Full: {5, 0}, study.Quick: {3, 0}, study.Tiny: {1, 7}} {
		sized, err := s.Sized(size)
		if p := sized.Parts[0].Plan; err != nil || int64(p.Rounds) != want[0] || p.Keys != want[1] || p.Threads[0] != 4 || p.Name != "s-p" {
			t.Errorf("%s: %+v, %v", size, p, err)
		}
	}
	if s.Parts[0].Plan.Rounds != 5 {
		t.Error("a size changed the study that it was made from")
	}
	if _, err := s.Sized("huge"); err == nil || !strings.Contains(err.Error(), "tiny") {
		t.Errorf("size huge: %v", err)
	}
	for replaced, with := range map[string]string{
		`"name": "s"`:                   `"name": "S s"`,
		`"part": "p", "contender": "a"`: `"part": "x", "contender": "a"`,
		`"unit": "×"`:                   `"unit": "furlong"`,
		`"figure": 3`:                   `"figure": 1`,
		`"text": "t"`:                   `"text": ""`,
		`"contender": "a"`:              `"contender": ""`,
		`"work": "w"}, "over"`:          `"work": "w", "frob": 1}, "over"`,
		`"of":`:                         `"order": [{"part": "p", "contender": "a", "work": "w"}], "of":`,
		`"claims": [`:                   `"claims": [{}, `,
	} {
		if _, err := study.Parse("s.json", []byte(strings.Replace(sound, replaced, with, 1))); err == nil || !strings.Contains(err.Error(), "s.json") {
			t.Errorf("%s: %v", with, err)
		}
	}
	broken := strings.Replace(sound, `"quick": {"rounds": 3}`, `"quick": {"rouds": 3}`, 1)
	if s, err = study.Parse("s.json", []byte(broken)); err == nil {
		_, err = s.Sized(study.Quick)
	}
	if err == nil || !strings.Contains(err.Error(), "rouds") {
		t.Errorf("a misspelt field of a size: %v", err)
	}
}

// A study that goes on must ask for the same.
func TestDifference(t *testing.T) {
	a := study.Study{Name: "s", Size: study.Quick, Parts: []study.Part{{Name: "p", Plan: result.Plan{Rounds: 3}}}, Claims: []study.Claim{{ID: "c"}}}
	if _, _, _, differs := a.Difference(a); differs {
		t.Error("a study differs from itself")
	}
	size, plan, claims := a, a, a
	size.Size = study.Full
	plan.Parts = []study.Part{{Name: "p", Plan: result.Plan{Rounds: 4}}}
	claims.Claims = []study.Claim{{ID: "d"}}
	for _, b := range []study.Study{size, plan, claims} {
		if field, _, _, differs := a.Difference(b); !differs {
			t.Errorf("%+v does not differ: %s", b, field)
		}
	}
}
