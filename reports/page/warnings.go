package page

import (
	"cmp"
	"slices"
	"strings"

	"lsmlab/harness/result"
)

// Complaints are the texts of one cell that say why its figures may mislead, or why it
// has none.
type Complaints struct {
	ID    string
	Texts []string
}

// ComplaintsOf returns the warnings of a cell, and why the cell failed if it did.
func ComplaintsOf(id, status, err string, warnings []string) Complaints {
	c := Complaints{id, slices.Clone(warnings)}
	if status == result.StatusFailed {
		c.Texts = append(c.Texts, "failed: "+err)
	}
	return c
}

// WarningKinds groups the complaints of all cells by their text before the colon.
func WarningKinds(cells []Complaints) []WarningKind {
	var kinds []WarningKind
	for _, c := range cells {
		for _, text := range c.Texts {
			kind, _, _ := strings.Cut(text, ":")
			i := slices.IndexFunc(kinds, func(k WarningKind) bool { return k.Kind == kind })
			if i < 0 {
				i = len(kinds)
				kinds = append(kinds, WarningKind{Kind: kind, Example: text})
			}
			kinds[i].Cells++
			kinds[i].List = append(kinds[i].List, c.ID+": "+text)
		}
	}
	slices.SortStableFunc(kinds, func(a, b WarningKind) int { return cmp.Compare(b.Cells, a.Cells) })
	return kinds
}
