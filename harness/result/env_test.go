package result

import "testing"

// TestIsOwn: a variant is told from a peer as the run recorded it, whatever its name;
// old runs, which did not, tell it by name and version.
func TestIsOwn(t *testing.T) {
	recorded := Env{Engines: []EngineInfo{{Name: "lsm-new", Own: true}, {Name: "adaptive-radix", Own: true}, {Name: "lsm-of-others"}}}
	old := Env{Engines: []EngineInfo{
		{Name: "skiplist", Version: "v0.0.0-20260102030405-0123456789ab+dirty"},
		{Name: "lsm-rbtree", Version: "(devel)"},
		{Name: "google-btree", Version: "v1.1.3"},
		{Name: "pebble", Version: "unknown"},
	}}
	for _, c := range []struct {
		env  Env
		name string
		want bool
	}{
		{recorded, "lsm-new", true},
		{recorded, "adaptive-radix", true},
		{recorded, "lsm-of-others", false},
		{old, "skiplist", true},
		{old, "lsm-rbtree", true},
		{old, "google-btree", false},
		{old, "pebble", false},
		{Env{}, "lsm-bptree+pread", true},
		{Env{}, "bbolt", false},
	} {
		if got := c.env.IsOwn(c.name); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
