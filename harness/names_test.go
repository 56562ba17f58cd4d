package harness

import (
	"slices"
	"strings"
	"testing"
)

// A control is raced right beside the engine that it repeats, once, whether it is named or
// is the first; a plan that ran is read again as it is.
func TestControl(t *testing.T) {
	for _, c := range []struct{ engines, control, want, name string }{
		{"lsm-bptree pebble", "", "lsm-bptree pebble", ""},
		{"lsm-bptree pebble", "pebble", "lsm-bptree pebble pebble@again", "pebble"},
		{"lsm-bptree pebble", "@first", "lsm-bptree lsm-bptree@again pebble", "lsm-bptree"},
		{"pebble pebble@again", "pebble", "pebble pebble@again", "pebble"},
	} {
		p := testPlan()
		p.Engines, p.Control = strings.Fields(c.engines), c.control
		if err := expandPlan(everything(), &p); err != nil || strings.Join(p.Engines, " ") != c.want || p.Control != c.name {
			t.Errorf("%s with control %q: %v, control %q, %v", c.engines, c.control, p.Engines, p.Control, err)
		}
		again := p
		again.Engines = slices.Clone(p.Engines)
		if err := expandPlan(everything(), &again); err != nil || !slices.Equal(again.Engines, p.Engines) {
			t.Errorf("read again: %v, %v", again.Engines, err)
		}
	}
	for _, wrong := range []string{"badger", "@own", "pebble@again"} {
		p := testPlan()
		p.Engines, p.Control = []string{"pebble", "pebble@again"}, wrong
		if err := expandPlan(everything(), &p); err == nil || !strings.Contains(err.Error(), "control is "+wrong) {
			t.Errorf("control %s: %v", wrong, err)
		}
	}
}
