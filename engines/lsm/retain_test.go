package lsm

import (
	"fmt"
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
