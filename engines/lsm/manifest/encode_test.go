package manifest

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
)

func edits() []*Edit {
	hidden := newTable(9, "x", "y")
	hidden.Hidden = Hidden{Held: 3, Past: 1<<64 - 1, Due: 1 << 40}
	return append(history(), &Edit{}, &Edit{
		Added: []LevelTable{{3, newTable(8, "v", "w")}, {3, hidden}, {3, newTable(10, "z", "z")}},
		Past: Past{
			Floor: 7, Ends: []Ends{{From: 3}, {4, []Batches{{1, 1 << 40}, {300, 2}}}, {ikey.MaxSeq, nil}},
			Marks: []Mark{{-5, 0}, {-5, 4}, {1 << 60, 4}, {math.MaxInt64, ikey.MaxSeq}},
		},
	}, &Edit{Added: []LevelTable{{6, &Table{
		ID: 1<<64 - 1, Size: 1<<63 - 1, Smallest: []byte{}, Largest: bytes.Repeat([]byte{0xff}, kv.MaxKeySize),
		MinSeq: 0, MaxSeq: ikey.MaxSeq, Entries: 1<<64 - 1, Deletes: 1<<64 - 1,
	}}}, Removed: []TableRef{{6, 1<<64 - 1}}, FlushedSeq: ikey.MaxSeq, NextFileID: 1<<64 - 1, Log: LogIdentity{Epoch: 1<<32 - 1, Secret: 1<<64 - 1}})
}

func TestEditRoundTrip(t *testing.T) {
	for _, e := range edits() {
		data := appendEdit([]byte("prefix"), e)
		got, err := decodeEdit(data[6:])
		check(t, err)
		if !reflect.DeepEqual(got, e) {
			t.Errorf("%+v came back as %+v", e, got)
		}
	}
}

// An edit cut off within a field must be refused; cut between two it is a
// shorter edit, which the checksum of the record refuses.
func TestEditCutOff(t *testing.T) {
	for _, e := range edits() {
		data := appendEdit(nil, e)
		for n := range min(len(data), 500) {
			got, err := decodeEdit(data[:n])
			switch {
			case err == nil && len(appendEdit(nil, got)) != n:
				t.Errorf("%d of %d bytes were read as %+v", n, len(data), got)
			case err != nil && !errors.Is(err, kv.ErrCorrupt):
				t.Errorf("%d of %d bytes: %v", n, len(data), err)
			}
		}
	}
}

func TestEditRefuses(t *testing.T) {
	big := bytes.Repeat([]byte{0xff}, 9)
	for name, data := range map[string][]byte{
		"tag 0":           {0},
		"tag 14":          {14, 1},
		"swept alone":     {tagSwept, 1},
		"range of none":   {tagRange, 1, 1, 'b', 1, 'b'},
		"range backwards": {tagRange, 1, 1, 'b', 1, 'a'},
		"range cut off":   {tagRange, 1, 1, 'b', 2, 'c'},
		"hidden alone":    {tagHidden, 1, 1, 1},
		"batch of 0":      {tagEnds, 1, 1, 0, 1},
		"no batch":        {tagEnds, 1, 1, 1, 0},
		"batches beyond":  append(append([]byte{tagEnds, 1, 1, 2}, bytes.Repeat([]byte{0xff}, 7)...), 0x7f),
		"many marks":      {tagMarks, 3, 2, 1, 2},
		"time falls":      {tagMarks, 2, 8, 1, 1, 1},
		"epoch too large": append([]byte{tagEpoch}, append(big, 1)...),
		"secret cut off":  {tagSecret, 1, 2, 3, 4, 5, 6, 7},
		"level 7":         {tagRemoved, NumLevels, 1},
		"LSN over 56 bit": append([]byte{tagFlushed}, append(big, 1)...),
		"varint over 64":  append([]byte{tagNext}, append(big, 2)...),
		"key too long":    {tagAdded, 0, 1, 1, 0xff, 0xff, 0xff, 0x7f},
		"size negative":   append([]byte{tagAdded, 0, 1}, append(big, 1, 0, 0, 0, 0, 0, 0)...),
	} {
		if e, err := decodeEdit(data); !errors.Is(err, kv.ErrCorrupt) || e != nil {
			t.Errorf("%s: %+v, %v, want ErrCorrupt", name, e, err)
		}
	}
}

// FuzzEdit: whatever decodes must encode to something that decodes to the same.
func FuzzEdit(f *testing.F) {
	for _, e := range edits()[:6] {
		f.Add(appendEdit(nil, e))
		testseed.Damaged(f, 20, appendEdit(nil, e))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := decodeEdit(data)
		if err != nil {
			if !errors.Is(err, kv.ErrCorrupt) {
				t.Fatalf("error %v, want ErrCorrupt", err)
			}
			return
		}
		again, err := decodeEdit(appendEdit(nil, e))
		check(t, err)
		if !reflect.DeepEqual(again, e) {
			t.Fatalf("%+v came back as %+v", e, again)
		}
	})
}
