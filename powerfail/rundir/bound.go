package rundir

import (
	"fmt"

	"lsmlab/powerfail/explore"
)

// Bound says what it is worth that cells found nothing, by the rule of three: of
// n independent draws without a finding, the chance of one in a draw is below 3/n
// with 95%. States are no such draws, and the text says so. It is "" after a
// finding, and of too few states.
func Bound(cells []Cell) string {
	var sum explore.Counts
	least := int64(0)
	for i := range cells {
		sum.Add(&cells[i].Counts)
		if n := cells[i].Distinct; i == 0 || n < least {
			least = n
		}
	}
	if len(sum.Violations) > 0 || sum.Distinct < 3 {
		return ""
	}
	text := fmt.Sprintf("No finding in %d distinct states: a bug that shows in one of %d would have been found with 95%%", sum.Distinct, sum.Distinct/3)
	if len(cells) > 1 && least >= 3 {
		text += fmt.Sprintf(" (one of a single engine and profile: in one of %d)", least/3)
	}
	text += ", if states were independent draws. Those of one program are alike"
	if sum.Programs >= 3 {
		return text + fmt.Sprintf(": counted by programs it is a bug that shows in one of %d.", sum.Programs/3)
	}
	return text + ", so the true figure is lower."
}
