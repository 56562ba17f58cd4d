// Package study is a question that someone's figures answer, the plan that measures them
// anew, and the rule that says how the two compare. It is pure: a study and the cells of
// its parts go in, verdicts come out ([Evaluate]). Running the parts is the affair of
// package runner, the studies themselves stand in package studies, and package
// reports/study draws them.
//
// A study's directory:
//
//	study.json       the study with the plans of its size: [Study]
//	parts/NAME/      one run directory of a race for each part; see package result
//	verdicts.jsonl   one [Verdict] a line
//	charts/, index.html   drawn from study.json and the parts alone
//
// study.json and verdicts.jsonl are kept by package journal.
package study

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"lsmlab/harness/journal"
	"lsmlab/harness/result"
)

// Size is how much a study measures.
type Size string

// The sizes.
const (
	Full  Size = "full"  // enough rounds for intervals of 95%
	Quick Size = "quick" // minutes; directions show, small differences do not
	Tiny  Size = "tiny"  // seconds; that everything runs shows, and nothing else
)

// Sizes are all sizes, the largest first.
var Sizes = []Size{Full, Quick, Tiny}

// Study is a question with claims that answer it, and with the work that judges them.
type Study struct {
	Name     string  `json:"name"` // of its folder
	Size     Size    `json:"size,omitempty"`
	Question string  `json:"question"`
	Limits   string  `json:"limits,omitempty"` // what the measurement cannot show, for readers
	Parts    []Part  `json:"parts"`
	Claims   []Claim `json:"claims"`
	// Controls are pairs of sides that do not differ: the same contender twice. A difference
	// that is shown between them is the noise of the method.
	Controls []Claim `json:"controls,omitempty"`
	// Beside are figures of the source's own machine. They are shown beside ours and are
	// not judged: that machine is not this one.
	Beside []Claim `json:"beside,omitempty"`
}

// Part is one race of a study.
type Part struct {
	Name  string      `json:"name"`
	About string      `json:"about,omitempty"`
	Plan  result.Plan `json:"plan"` // of the full size; of a study that was sized, of its size
	// Quick and Tiny are the fields of the plan that smaller sizes replace. Tiny replaces
	// fields of the quick plan.
	Quick json.RawMessage `json:"quick,omitempty"`
	Tiny  json.RawMessage `json:"tiny,omitempty"`
}

// Claim is one statement of the source. It has one of three forms: a ratio (Of and Over), a
// value (Of alone), or an order (Order alone).
type Claim struct {
	ID     string  `json:"id"`
	Text   string  `json:"text"`  // what the source says, in a sentence
	Where  string  `json:"where"` // it stands there
	Figure float64 `json:"figure,omitempty"`
	Unit   string  `json:"unit,omitempty"` // of the figure: see units
	// None is the value of the figure that would mean that there is no difference; 1 for a
	// ratio.
	None  float64   `json:"none,omitempty"`
	Of    *Measure  `json:"of,omitempty"`
	Over  *Measure  `json:"over,omitempty"`
	Order []Measure `json:"order,omitempty"` // the greatest first
	// Limits says what keeps our figure from answering more; it stands beside the verdict.
	Limits string `json:"limits,omitempty"`
}

// Measure picks a figure out of the cells of a part: one value a round.
type Measure struct {
	Part       string `json:"part"`
	Contender  string `json:"contender"`
	Work       string `json:"work"`
	Durability string `json:"durability,omitempty"` // empty: the work has but one
	Threads    int    `json:"threads,omitempty"`    // 0: likewise
	Figure     string `json:"figure,omitempty"`     // empty is ops_per_sec; of package figure, or of the kind
	// Per divides the figure by another, round by round; Less takes another away from it.
	Per  *Measure `json:"per,omitempty"`
	Less *Measure `json:"less,omitempty"`
}

// units are the units of figures, by what charts and tables write.
var units = []string{"×", "share", "bytes", "ns", "ops/s", "count"}

// File names in a study's directory.
const (
	FileName     = "study.json"
	VerdictsName = "verdicts.jsonl"
	PartsName    = "parts"
)

// Dir returns the run directory of a part.
func (p Part) Dir(dir string) string { return filepath.Join(dir, PartsName, p.Name) }

// Parse reads a study; path names it in errors.
func Parse(path string, content []byte) (Study, error) {
	var s Study
	if err := journal.ParseJSON(path, content, &s, true); err != nil {
		return s, err
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Sized returns the study with the plans of a size.
func (s Study) Sized(size Size) (Study, error) {
	if !slices.Contains(Sizes, size) {
		return s, fmt.Errorf("size %q: want one of %q", size, Sizes)
	}
	s.Size, s.Parts = size, slices.Clone(s.Parts)
	for i := range s.Parts {
		p := &s.Parts[i]
		var fields []json.RawMessage
		if size != Full {
			fields = append(fields, p.Quick)
		}
		if size == Tiny {
			fields = append(fields, p.Tiny)
		}
		for _, f := range fields {
			if err := replaceFields(&p.Plan, f); err != nil {
				return s, fmt.Errorf("study %s, part %s, size %s: %w", s.Name, p.Name, size, err)
			}
		}
		p.Plan.Name = s.Name + "-" + p.Name
		p.Quick, p.Tiny = nil, nil
	}
	return s, nil
}

// replaceFields sets the fields of a plan that are given.
func replaceFields(p *result.Plan, fields json.RawMessage) error {
	if len(fields) == 0 {
		return nil
	}
	whole, err := json.Marshal(p)
	if err != nil {
		return err
	}
	var merged, given map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(whole, &merged), json.Unmarshal(fields, &given)); err != nil {
		return err
	}
	maps.Copy(merged, given)
	if whole, err = json.Marshal(merged); err != nil {
		return err
	}
	*p, err = result.ParsePlan("plan", whole)
	return err
}

var name = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// check refuses a study that could not be run or judged.
func (s Study) check() error {
	if !name.MatchString(s.Name) || s.Question == "" || len(s.Parts) == 0 || len(s.Claims) == 0 {
		return fmt.Errorf("study %q: want a name of small letters, digits and dashes, a question, parts and claims", s.Name)
	}
	seen := map[string]bool{}
	for _, p := range s.Parts {
		if !name.MatchString(p.Name) || seen["part "+p.Name] {
			return fmt.Errorf("part %q: want a name of small letters, digits and dashes, once", p.Name)
		}
		seen["part "+p.Name] = true
	}
	for _, c := range slices.Concat(s.Claims, s.Controls, s.Beside) {
		if !name.MatchString(c.ID) || seen["claim "+c.ID] {
			return fmt.Errorf("claim %q: want an id of small letters, digits and dashes, once", c.ID)
		}
		seen["claim "+c.ID] = true
		if err := s.checkClaim(c); err != nil {
			return fmt.Errorf("claim %s: %w", c.ID, err)
		}
	}
	for _, c := range s.Controls {
		if c.Over == nil {
			return fmt.Errorf("claim %s: a control is a ratio: give \"of\" and \"over\"", c.ID)
		}
	}
	for _, c := range s.Beside {
		if c.Of == nil || c.Over != nil {
			return fmt.Errorf("claim %s: a figure to be shown beside is a value: give \"of\" alone", c.ID)
		}
	}
	return nil
}

func (s Study) checkClaim(c Claim) error {
	measures := c.Measures()
	control := slices.ContainsFunc(s.Controls, func(o Claim) bool { return o.ID == c.ID })
	switch {
	case c.Text == "" || c.Where == "" && !control:
		return errors.New("want a text, and where it stands")
	case len(measures) == 0 || (c.Of == nil) == (len(c.Order) == 0) || c.Over != nil && c.Of == nil || len(c.Order) == 1:
		return errors.New(`want "of" and "over", or "of" alone, or "order" of two or more`)
	case len(c.Order) > 0 && (c.Figure != 0 || c.None != 0 || c.Unit != ""):
		return errors.New("an order has no figure and no unit")
	case c.Of != nil && c.Figure == c.nothing() && !control:
		return fmt.Errorf("the figure %v is what would mean no difference: give another \"none\"", c.Figure)
	case c.Of != nil && !slices.Contains(units, c.Unit):
		return fmt.Errorf("unit %q: want one of %q", c.Unit, units)
	}
	for _, m := range measures {
		if err := s.checkMeasure(&m); err != nil {
			return err
		}
	}
	return nil
}

func (s Study) checkMeasure(m *Measure) error {
	switch {
	case m == nil:
		return nil
	case !slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Name == m.Part }):
		return fmt.Errorf("no part %q", m.Part)
	case m.Contender == "" || m.Work == "":
		return errors.New("a measure wants a contender and a work")
	case m.Per != nil && m.Less != nil:
		return errors.New(`a measure has "per" or "less", not both`)
	}
	return errors.Join(s.checkMeasure(m.Per), s.checkMeasure(m.Less))
}

// nothing returns the value of the figure that would mean that there is no difference.
func (c Claim) nothing() float64 {
	if c.Over != nil && c.None == 0 {
		return 1
	}
	return c.None
}

// Measures returns what the claim is about, in its order.
func (c Claim) Measures() (all []Measure) {
	for _, m := range []*Measure{c.Of, c.Over} {
		if m != nil {
			all = append(all, *m)
		}
	}
	return append(all, c.Order...)
}

// Names names the measures of the claim: by what tells them apart, if that is the contender
// alone.
func (c Claim) Names() (names []string) {
	all := c.Measures()
	contenders := map[string]bool{}
	for _, m := range all {
		contenders[m.Contender] = true
	}
	for _, m := range all {
		alike := m.Work == all[0].Work && m.Threads == all[0].Threads && m.Durability == all[0].Durability
		if alike && len(contenders) == len(all) {
			names = append(names, m.Contender)
		}
	}
	if len(names) == len(all) {
		return names
	}
	names = nil
	for _, m := range all {
		names = append(names, m.String())
	}
	return names
}

// String names the measure for people.
func (m Measure) String() string {
	words := []string{m.Contender, m.Work}
	if m.Durability != "" {
		words = append(words, m.Durability)
	}
	if m.Threads > 0 {
		words = append(words, fmt.Sprintf("t=%d", m.Threads))
	}
	return strings.Join(words, " ")
}

// Difference implements [journal.Plan].
func (s Study) Difference(o Study) (field string, mine, other any, ok bool) {
	if s.Name != o.Name || s.Size != o.Size || len(s.Parts) != len(o.Parts) {
		return "study", fmt.Sprintf("%s (%s)", s.Name, s.Size), fmt.Sprintf("%s (%s)", o.Name, o.Size), true
	}
	for i, p := range s.Parts {
		if field, mine, other, ok := p.Plan.Difference(o.Parts[i].Plan); ok {
			return p.Name + ": " + field, mine, other, true
		}
	}
	if !reflect.DeepEqual(s.Claims, o.Claims) || !reflect.DeepEqual(s.Controls, o.Controls) {
		return "claims", "those of this build", "others", true
	}
	return "", nil, nil, false
}

// Kind says what a study keeps on disk.
var Kind = journal.Kind[Study, Verdict]{
	Plan: FileName, Lines: VerdictsName, Folders: []string{PartsName},
	Read:  Read,
	Write: func(dir string, s Study) error { return journal.WriteJSON(filepath.Join(dir, FileName), s) },
}

// Read reads study.json of a directory.
func Read(dir string) (Study, error) {
	path := filepath.Join(dir, FileName)
	b, err := os.ReadFile(path)
	if err != nil {
		return Study{}, err
	}
	return Parse(path, b)
}
