package target

import (
	"fmt"

	"lsmlab/harness/figure"
	"lsmlab/harness/result"
)

// check refuses lines that cannot be judged.
func check(t *result.Targets) error {
	for _, l := range t.Lines {
		if _, ok := figure.ByName(l.Figure); !ok {
			return fmt.Errorf("target %q: unknown figure %q: want one of %q", l.Name, l.Figure, figure.Names())
		}
		if (l.Ratio > 0) == (l.Most > 0) {
			return fmt.Errorf("target %q: want either ratio or most", l.Name)
		}
	}
	return nil
}
