package study

import (
	"path/filepath"
	"slices"

	"lsmlab/harness/journal"
)

// Set is several studies that were run one after the other: studies.json of a directory
// that has a folder for each, and one verdicts.jsonl over all of them.
type Set struct {
	Size    Size     `json:"size"`
	Studies []string `json:"studies"` // names, which are those of the folders
}

// SetName is the file that says that a directory holds a set of studies.
const SetName = "studies.json"

// Difference implements [journal.Plan].
func (s Set) Difference(o Set) (field string, mine, other any, ok bool) {
	switch {
	case s.Size != o.Size:
		return "size", s.Size, o.Size, true
	case !slices.Equal(s.Studies, o.Studies):
		return "studies", s.Studies, o.Studies, true
	}
	return "", nil, nil, false
}

// SetKind says what a set of studies keeps on disk.
var SetKind = journal.Kind[Set, Verdict]{
	Plan: SetName, Lines: VerdictsName,
	Read:  ReadSet,
	Write: func(dir string, s Set) error { return journal.WriteJSON(filepath.Join(dir, SetName), s) },
}

// ReadSet reads studies.json of a directory.
func ReadSet(dir string) (s Set, err error) {
	return s, journal.ReadJSON(filepath.Join(dir, SetName), &s, true)
}
