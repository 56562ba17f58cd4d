// Package target says what the races of this module should show, and computes from the
// cells of a run whether they do.
//
// targets.json has all targets, by the name of their plan. A plan carries its own
// targets into the run directory, so that a report needs nothing else. Verdicts are
// computed from ratios within rounds, or from medians over rounds; both and their
// intervals come from package stat.
package target

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"lsmlab/harness/result"
)

//go:embed targets.json
var file []byte

// Of returns the targets of a plan that comes with lsmlab, nil if it has none.
func Of(plan string) (*result.Targets, error) {
	var all map[string]*result.Targets
	if err := json.Unmarshal(file, &all); err != nil {
		return nil, fmt.Errorf("targets.json: %w", err)
	}
	if t := all[plan]; t != nil {
		return t, check(t)
	}
	return nil, nil
}
