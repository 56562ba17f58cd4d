package manifest

import (
	"strings"
	"testing"
)

func TestApply(t *testing.T) {
	edits := history()
	all := versions(t, edits)
	before := show(all[2])
	v, err := all[2].Apply(edits[2])
	check(t, err)
	if show(all[2]) != before {
		t.Error("Apply changed the version it was called on")
	}
	if len(v.Levels[0]) != 0 || len(v.Levels[1]) != 2 || v.LevelBytes(1) != 11000 {
		t.Errorf("after the compaction: %s", show(v))
	}
	if v.FlushedSeq != 39 || v.NextFileID != 7 {
		t.Errorf("FlushedSeq %d, NextFileID %d, want 39, 7", v.FlushedSeq, v.NextFileID)
	}
	v, err = v.Apply(&Edit{FlushedSeq: 5, NextFileID: 3}) // neither ever falls
	check(t, err)
	if v.FlushedSeq != 39 || v.NextFileID != 7 {
		t.Errorf("FlushedSeq %d, NextFileID %d, want 39, 7", v.FlushedSeq, v.NextFileID)
	}
}

func TestApplyOrders(t *testing.T) {
	v, err := (&Version{}).Apply(&Edit{Added: []LevelTable{
		{0, newTable(1, "a", "z")},
		{0, newTable(3, "a", "z")},
		{0, newTable(2, "a", "z")},
		{4, newTable(5, "m", "n")},
		{4, newTable(6, "a", "b")},
	}})
	check(t, err)
	if l := v.Levels[0]; l[0].ID != 3 || l[1].ID != 2 || l[2].ID != 1 {
		t.Error("L0 is not ordered newest first")
	}
	if l := v.Levels[4]; l[0].ID != 6 || l[1].ID != 5 {
		t.Error("L4 is not ordered by key")
	}
}

// Every edit that does not fit must be refused, with no version.
func TestApplyRefuses(t *testing.T) {
	base := versions(t, history())[4] // L1: 5 over ..c, L2: 6 over d..m
	table := func(id uint64, lo, hi string) []LevelTable { return []LevelTable{{1, newTable(id, lo, hi)}} }
	reversed := newTable(4, "a", "b")
	reversed.MinSeq, reversed.MaxSeq = 5, 4
	interleaved := newTable(4, "f", "z")
	interleaved.MinSeq = newTable(3, "", "").MaxSeq
	for want, e := range map[string]*Edit{
		"is not in L0":    {Removed: []TableRef{{0, 99}}},
		"is not in L3":    {Removed: []TableRef{{3, 5}}},
		"from level 7":    {Removed: []TableRef{{7, 5}}},
		"from level -1":   {Removed: []TableRef{{-1, 5}}},
		"to level 7":      {Added: []LevelTable{{7, newTable(4, "x", "y")}}},
		"in L1 and in L2": {Added: table(6, "x", "y")},
		"overlap in L1":   {Added: table(4, "c", "y")},
		"upside down":     {Added: table(4, "y", "x")},
		"LSN 5..4":        {Added: []LevelTable{{0, reversed}}},
		"the next file":   {Added: table(7, "x", "y")},
		"overlap in L0":   {Added: []LevelTable{{0, newTable(3, "a", "f")}, {0, interleaved}}},
	} {
		v, err := base.Apply(e)
		if err == nil || !strings.Contains(err.Error(), want) || v != nil {
			t.Errorf("edit %+v: %v, want an error with %q", *e, err, want)
		}
	}
}

func TestOverlaps(t *testing.T) {
	table := newTable(1, "d", "m")
	for _, c := range []struct {
		lo, hi string
		want   bool
	}{{"a", "c", false}, {"a", "d", true}, {"e", "f", true}, {"m", "z", true}, {"n", "z", false}, {"a", "z", true}} {
		if got := table.Overlaps([]byte(c.lo), []byte(c.hi)); got != c.want {
			t.Errorf("d..m overlaps %s..%s: %v", c.lo, c.hi, got)
		}
	}
}
