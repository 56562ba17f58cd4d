package manifest

import (
	"strconv"
	"strings"
	"testing"
)

func TestL0Runs(t *testing.T) {
	for _, tc := range []struct {
		tables string // oldest first
		want   string // runs by table number, oldest first
	}{
		{"", ""},
		{"a-b", "1"},
		{"a-b c-d e-f", "1 2 3"},
		{"e-f c-d a-b", "3 2 1"},
		{"a-z a-z a-z", "1 | 2 | 3"},
		{"a-c d-f a-b e-f", "1 2 | 3 4"},
		{"a-c d-f a-f a-c d-f", "1 2 | 3 | 4 5"},
		{"a-c a-c d-f", "1 3 | 2"},           // falls past what it does not overlap
		{"a-c a-c a-f", "1 | 2 | 3"},         // and not past what it does
		{"a-c c-e e-g g-h", "1 | 2 | 3 | 4"}, // steps
		{"a-c e-g c-e", "1 2 | 3"},
	} {
		e := &Edit{}
		for i, keys := range strings.Fields(tc.tables) {
			table := newTable(uint64(i+1), keys[:1], keys[2:])
			e.Added = append(e.Added, LevelTable{0, table})
		}
		v, err := (&Version{}).Apply(e)
		check(t, err)
		var got []string
		for _, run := range v.L0Runs() {
			var ids []string
			for _, table := range run {
				ids = append(ids, strconv.FormatUint(table.ID, 10))
			}
			got = append(got, strings.Join(ids, " "))
		}
		if s := strings.Join(got, " | "); s != tc.want {
			t.Errorf("runs of %q: %s, want %s", tc.tables, s, tc.want)
		}
	}
}
