package verdict

import (
	"fmt"
	"strings"

	"lsmlab/harness/human"
	"lsmlab/powerfail/isolation/isorun"
)

// isolations reads the probe in a directory: the answer of each engine to whether its
// transactions are isolated as promised.
func isolations(all map[string]Cell, dir, evidence string) error {
	run, cells, _, err := isorun.Read(dir)
	if err != nil {
		return err
	}
	byEngine := map[string][]isorun.Cell{}
	for _, c := range cells {
		byEngine[c.Engine] = append(byEngine[c.Engine], c)
	}
	for engine, cells := range byEngine {
		c := isolationCell(cells, evidence)
		if run.Stopped && c.NotMeasured == "" {
			c.Text += "; interrupted, so there may be more"
		}
		all[engine] = c
	}
	return nil
}

// isolationCell is the answer of one engine from its cells, one a level.
func isolationCell(cells []isorun.Cell, evidence string) Cell {
	var sound, broken []string
	scripts, refused := 0, ""
	for i := range cells {
		switch c := &cells[i]; {
		case c.Refused != "":
			refused = c.Refused
		case c.Error != "":
			broken = append(broken, fmt.Sprintf("%s failed: %s", c.Level, c.Error))
		case !c.Sound():
			broken = append(broken, fmt.Sprintf("%s is refuted by %d of %s", c.Promised, c.Refuting, human.Count(c.Scripts, "script")))
		case c.Disagreed > 0:
			broken = append(broken, fmt.Sprintf("the judges of %s disagree", c.Level))
		default:
			scripts += c.Scripts
			sound = append(sound, c.Level)
		}
	}
	out := Cell{Verdict: Sound, Evidence: evidence}
	switch {
	case len(broken) > 0:
		out.Verdict, out.Text = Finding, "finding: "+strings.Join(broken, "; ")
	case len(sound) > 0:
		out.Text = fmt.Sprintf("%s not refuted in %s", strings.Join(sound, ", "), human.Count(scripts, "script"))
	default:
		return notMeasured(refused, evidence)
	}
	return out
}
