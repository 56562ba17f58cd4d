package nearest

import "testing"

func TestName(t *testing.T) {
	known := []string{"lsm-skiplist", "lsm-rbtree", "pebble", "goleveldb", "bbolt", "fillrandom", "ycsb-a", "ycsb-f"}
	for name, want := range map[string]string{
		"pebble": "pebble", "peble": "pebble", "pebbles": "pebble", " Pebble ": "pebble",
		"skiplist": "lsm-skiplist", "rbtree": "lsm-rbtree", "lsm": "lsm-skiplist",
		"leveldb": "goleveldb", "bolt": "bbolt", "fillrand": "fillrandom",
		"ycsba": "ycsb-a", "YCSB-F": "ycsb-f",
		"": "", "x": "", "qqqqqqqqqq": "",
	} {
		if got := closest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestUnknown(t *testing.T) {
	known := []string{"pebble", "bbolt"}
	for name, want := range map[string]string{
		"peble": `unknown engine "peble", did you mean pebble? known: pebble, bbolt`,
		"zzz":   `unknown engine "zzz"; known: pebble, bbolt`,
	} {
		if got := Unknown("engine", name, known).Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"ab", "ba", 2}} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
