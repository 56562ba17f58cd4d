package harness

import (
	"cmp"
	"context"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/result"
	"lsmlab/harness/steady"
	"lsmlab/workloads"
)

// settle goes on with the workload until the store has settled, or gives up and says why.
func (r *cellRun) settle(ctx context.Context) error {
	most := time.Duration(r.stage.Steady)
	if most == 0 || r.workload.Spec().Operations != workloads.Unlimited {
		return nil
	}
	w := steady.Watch{FlushBytes: r.store.flushBytes, Within: int((most + time.Duration(r.stage.Duration)) / result.SampleInterval)}
	return r.drive.Settle(ctx, most, func(opsPerSec float64) bool {
		p := steady.Point{OpsPerSec: opsPerSec}
		if r.store.metricer != nil {
			p = pointOf(opsPerSec, r.store.metricer.Metrics())
		}
		w.Add(p)
		r.cell.Unsettled = w.Unsettled()
		return r.cell.Unsettled != ""
	})
}

func pointOf(opsPerSec float64, m kv.Metrics) steady.Point {
	p := steady.Point{OpsPerSec: opsPerSec, UserBytes: m.UserBytes, MemTableBytes: m.MemTableBytes, DebtBytes: m.CompactionDebtBytes, Flushes: m.Flushes}
	if len(m.Levels) > 0 {
		p.RunsL0 = cmp.Or(m.Levels[0].Runs, m.Levels[0].Tables)
	}
	return p
}
