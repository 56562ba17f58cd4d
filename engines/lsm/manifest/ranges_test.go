package manifest

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"lsmlab/engines/lsm/rangedel"
)

// rangeEdits fit one after the other: a flush with range deletes, a compaction that leaves one
// of them, and one that leaves none.
func rangeEdits() []*Edit {
	swept := newTable(3, "a", "m")
	swept.Swept = 39
	return []*Edit{
		{
			Added: []LevelTable{{0, newTable(2, "a", "m")}}, FlushedSeq: 29, NextFileID: 3,
			Ranges: []rangedel.Range{{Start: []byte{}, End: []byte("c"), Seq: 22}, {Start: []byte("b"), Seq: 25}},
		},
		{
			Removed: []TableRef{{0, 2}}, Added: []LevelTable{{1, swept}}, NextFileID: 4, ClearRanges: true,
			Ranges: []rangedel.Range{{Start: []byte("b"), End: []byte("d"), Seq: 25}},
		},
		{ClearRanges: true},
	}
}

// goldenRanges is what rangeEdits are in a manifest.
var goldenRanges = []string{
	"011d 0203 040002d00f0161016d141d0e02 0c16000163 0c19016200",
	"0204 030002 040103b8170161016d1e271503 0b27 0d 0c1901620164",
	"0d",
}

func TestGoldenRanges(t *testing.T) {
	for i, e := range rangeEdits() {
		want := strings.ReplaceAll(goldenRanges[i], " ", "")
		if got := hex.EncodeToString(appendEdit(nil, e)); got != want {
			t.Errorf("edit %d is\n%s, want\n%s", i, got, want)
		}
		data, err := hex.DecodeString(want)
		check(t, err)
		got, err := decodeEdit(data)
		check(t, err)
		if !reflect.DeepEqual(got, e) {
			t.Errorf("edit %d came back as %+v, want %+v", i, got, e)
		}
	}
}

// TestRangesVersion: a manifest takes range deletes if it began with some, and then it has the
// format version that programs which know none refuse.
func TestRangesVersion(t *testing.T) {
	fsys := newStore(t)
	all := versions(t, rangeEdits())
	for i, v := range all {
		number := uint64(10 + i)
		l, err := Create(fsys, "/db", number, v)
		check(t, err)
		ranged := i == 1 || i == 2 || i == 3 // then a table is swept
		for j, e := range rangeEdits() {
			if got := l.Takes(e); got != ranged {
				t.Errorf("manifest of version %d takes edit %d: %v", i, j, got)
			}
		}
		check(t, l.Close())
		want := uint32(formatVersion)
		if ranged {
			want = rangeVersion
		}
		if got := versionOf(get(t, fsys, FileName(number))); got != want {
			t.Errorf("manifest of version %d has format version %d, want %d", i, got, want)
		}
		loaded, _, err := Load(fsys, "/db")
		check(t, err)
		if !reflect.DeepEqual(loaded.Ranges.Ranges(), v.Ranges.Ranges()) || show(loaded) != show(v) {
			t.Errorf("version %d came back as %s, want %s", i, show(loaded), show(v))
		}
	}
	want := []rangedel.Range{{Start: []byte{}, End: []byte("c"), Seq: 22}, {Start: []byte("b"), Seq: 25}}
	if got := all[1].Ranges.Ranges(); !reflect.DeepEqual(got, want) {
		t.Errorf("range deletes %v, want %v", got, want)
	}
}
