package harness

import (
	"fmt"
	"math"
	"runtime"

	"github.com/montanaflynn/stats"

	"lsmlab/harness/human"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
)

// Limits above which a cell is flagged. They are conventions: wide enough that a quiet
// machine gives no warning, and named in the warning so that a reader can judge.
const (
	shortSeconds = 1.0  // start-up and timer noise dominate shorter parts
	otherShare   = 0.10 // of all cores, used by other processes
	stealShare   = 0.02 // of all cores, taken by the hypervisor
	driftShare   = 0.25 // between the first and the last third
	debtShare    = 0.10 // of the user's bytes, left for compaction
)

// warnings returns why the figures of a cell may mislead.
func warnings(c result.Cell, series []result.Series, others machine.Disturbance) (out []string) {
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	cores := float64(runtime.NumCPU())
	if c.Seconds < shortSeconds {
		warn("short: %.2f s measured, under %.0f s; give more --keys or a --duration", c.Seconds, shortSeconds)
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
	if c.Loop == result.LoopOpen && c.OpsPerSec < 0.95*c.Rate {
		warn("rate missed: %.0f operations/s done of %.0f intended; intended latency is that of an overloaded store", c.OpsPerSec, c.Rate)
	}
	if d := drift(series); c.Seconds >= shortSeconds && math.Abs(d) > driftShare {
		warn("not steady: the last third ran %+.0f%% against the first", 100*d)
	}
	if m := c.Metrics; m != nil && c.UserBytesTotal > 0 && float64(m.CompactionDebtBytes) > debtShare*float64(c.UserBytesTotal) {
		warn("debt: %s of compaction left at the end, %.0f%% of what was written",
			human.Bytes(m.CompactionDebtBytes), 100*float64(m.CompactionDebtBytes)/float64(c.UserBytesTotal))
	}
	return out
}

// drift returns the mean throughput of the last third over that of the first, minus
// one. It is 0 if there are too few points.
func drift(series []result.Series) float64 {
	for _, s := range series {
		if n := len(s.Values) / 3; s.Name == result.SeriesOps && n >= 3 {
			first, _ := stats.Mean(s.Values[:n])
			last, _ := stats.Mean(s.Values[len(s.Values)-n:])
			if first > 0 {
				return last/first - 1
			}
		}
	}
	return 0
}
