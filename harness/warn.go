package harness

import (
	"fmt"
	"runtime"

	"lsmlab/harness/human"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
	"lsmlab/harness/steady"
)

// Limits above which a cell is flagged. They are conventions: wide enough that a quiet
// machine gives no warning, and named in the warning so that a reader can judge.
const (
	shortSeconds = 1.0  // start-up and timer noise dominate shorter parts
	otherShare   = 0.10 // of all cores, used by other processes
	stealShare   = 0.02 // of all cores, taken by the hypervisor
	keptShare    = 0.95 // of the intended operations, done
	debtShare    = 0.10 // of the bytes written in the measured part, by which debt grew
)

// warnings returns why the figures of a cell may mislead.
func warnings(c result.Cell, series []result.Series, others machine.Disturbance) (out []string) {
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	cores := float64(runtime.NumCPU())
	if c.Seconds < shortSeconds {
		warn("short: %.2f s measured, under %.0f s; give more keys or a duration", c.Seconds, shortSeconds)
	} else {
		if share := c.OtherCores / cores; share > otherShare {
			warn("other load: other processes used %.2f of %.0f cores", c.OtherCores, cores)
		}
		if share := c.StealCores / cores; share > stealShare {
			warn("steal: the hypervisor took %.2f of %.0f cores", c.StealCores, cores)
		}
	}
	if t := c.Transactions; t != nil && t.GivenUp > 0 {
		warn("given up: %d transactions after too many conflicts; they are no commits", t.GivenUp)
	}
	if n := others.Swapped; n > 0 {
		warn("swap: %d pages moved in or out", n)
	}
	if n := others.Throttled; n > 0 {
		warn("thermal: the cores were slowed down %d times", n)
	}
	if c.Loop == result.LoopOpen && c.OpsPerSec < keptShare*c.Rate {
		warn("rate missed: %.0f operations/s done of %.0f intended; intended latency is that of an overloaded store", c.OpsPerSec, c.Rate)
	}
	if d := steady.Throughput(c, series); c.State == steady.Drifting {
		warn("not steady: throughput moved by %+.0f%% of its median (95%% interval %+.0f%% to %+.0f%%); give a longer warm-up (steady) or duration",
			100*d.Change/d.Level, 100*d.Lo/d.Level, 100*d.Hi/d.Level)
	}
	if d := steady.Debt(series); c.DebtGrows {
		warn("debt: it grew by %s, %.0f%% of what was written meanwhile: this rate does not last",
			human.Bytes(int64(d.Change)), 100*d.Change/float64(c.UserBytes))
	}
	return out
}
