package lsm

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"lsmlab/engines/lsm/ikey"
)

// TestRetainer spells versions as "key seq" with a "-" behind tombstones.
func TestRetainer(t *testing.T) {
	for _, tc := range []struct {
		name      string
		snapshots []ikey.Seq
		bottom    bool
		in, want  string
	}{
		{"newest only", nil, false, "a3 a2 a1 b9 b4", "a3 b9"},
		{"one a stripe", []ikey.Seq{2, 5}, false, "a9 a7 a5 a4 a2 a1", "a9 a5 a2"},
		{"snapshot sees its own LSN", []ikey.Seq{3}, false, "a4 a3 a2", "a4 a3"},
		{"tombstone stays above other levels", nil, false, "a3- a2", "a3-"},
		{"tombstone goes at the bottom", nil, true, "a3- a2 b1", "b1"},
		{"tombstone newer than a snapshot stays", []ikey.Seq{2}, true, "a3- a2", "a3- a2"},
		{"tombstone in the lowest stripe goes", []ikey.Seq{7}, true, "a8 a3- a2", "a8"},
		{"tombstones only", []ikey.Seq{1, 7}, true, "a8- a3- a1-", "a8- a3-"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := retainer{floor: ikey.MaxSeq, snapshots: tc.snapshots, bottom: func([]byte) bool { return tc.bottom }}
			var got []string
			for _, spec := range strings.Fields(tc.in) {
				var key string
				var seq ikey.Seq
				digits, deleted := strings.CutSuffix(spec, "-")
				if _, err := fmt.Sscanf(digits, "%1s%d", &key, &seq); err != nil {
					t.Fatal(err)
				}
				kind := ikey.Set
				if deleted {
					kind = ikey.Delete
				}
				if r.keep(ikey.New([]byte(key), seq, kind)) {
					got = append(got, spec)
				}
			}
			if g := strings.Join(got, " "); g != tc.want {
				t.Errorf("kept %q of %q, want %q", g, tc.in, tc.want)
			}
		})
	}
}

// TestHeld counts what is kept for snapshots alone, and for which.
func TestHeld(t *testing.T) {
	for _, tc := range []struct {
		name     string
		bottom   bool
		versions string // as in TestRetainer, of one key
		want     held
		by       []ikey.Seq // snapshots of which one alone needs it
	}{
		{"newest only", false, "9", held{}, nil},
		{"for the newest snapshot", false, "25 15", held{1, 20, 20}, []ikey.Seq{20}},
		{"for two", false, "25 5", held{1, 10, 20}, []ikey.Seq{10, 20}},
		{"one for each", false, "25 15 5", held{2, 10, 20}, []ikey.Seq{10, 20}},
		{"the newest is not held", false, "15 5", held{1, 10, 10}, []ikey.Seq{10}},
		{"tombstone above others", false, "15-", held{}, nil},
		{"tombstone over what a snapshot sees", true, "15- 5", held{2, 10, 10}, []ikey.Seq{10}},
		{"tombstone at the bottom", true, "5-", held{}, nil},
	} {
		r := retainer{floor: ikey.MaxSeq, snapshots: []ikey.Seq{10, 20}, bottom: func([]byte) bool { return tc.bottom }}
		for _, spec := range strings.Fields(tc.versions) {
			digits, deleted := strings.CutSuffix(spec, "-")
			seq, err := strconv.ParseUint(digits, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			kind := ikey.Set
			if deleted {
				kind = ikey.Delete
			}
			r.keep(ikey.New([]byte("a"), ikey.Seq(seq), kind))
		}
		if r.held != tc.want {
			t.Errorf("%s: held %+v, want %+v", tc.name, r.held, tc.want)
		}
		for _, s := range []ikey.Seq{5, 10, 15, 20, 25} {
			between := len(tc.by) > 0 && s >= tc.by[0] && s <= tc.by[len(tc.by)-1] // which only delays
			if got := r.held.versions > 0 && r.held.by([]ikey.Seq{s}); got != between {
				t.Errorf("%s: held by %d: %v", tc.name, s, got)
			}
		}
	}
}
