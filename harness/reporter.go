package harness

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"lsmlab/harness/display"
	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/steady"
)

// A reporter shows a race: one line for each cell, and a progress bar over all of them.
// It is safe for concurrent use.
type reporter struct {
	*display.Display
	count sync.Mutex
	total int
	done  int
}

// barSteps is how many steps the bar has for each cell.
const barSteps = 100

func newReporter(out, errOut io.Writer, total, done int) *reporter {
	return &reporter{Display: display.New(out, errOut, (total-done)*barSteps), total: total, done: done}
}

// at moves the bar within the running cell.
func (r *reporter) at(spec CellSpec, base int, phase string, done float64) {
	r.count.Lock()
	ended := r.done
	r.count.Unlock()
	// A cell is half preload and half measured part, as far as a bar can know.
	share := map[string]float64{"measure": 0.5 + done/2, "preload": done / 2, "count": 1, "close": 1}[phase]
	r.At((ended-base)*barSteps+int(share*(barSteps-1)),
		fmt.Sprintf("[%d/%d] %s %s, round %d: %s", ended+1, r.total, spec.Workload, spec.Engine, spec.Round, phase))
}

// cell prints the line of a finished cell.
func (r *reporter) cell(c result.Cell) {
	r.count.Lock()
	r.done++
	done := r.done
	r.count.Unlock()
	r.Line("%s", cellLine(done, r.total, c))
}

func cellLine(done, total int, c result.Cell) string {
	width := len(fmt.Sprint(total))
	head := fmt.Sprintf("[%*d/%d] r%d %-16s %-13s %-8s t=%d", width, done, total, c.Round, c.Workload, c.Engine, c.Durability, c.Threads)
	switch c.Status {
	case result.StatusFailed:
		return head + "  FAILED: " + c.Error
	case result.StatusUnsupported:
		return head + "  not supported: " + c.Error
	}
	line := fmt.Sprintf("%s %12s ops/s  p50 %8s  p99 %8s", head, human.Thousands(fmt.Sprintf("%.0f", c.OpsPerSec)),
		human.Nanoseconds(c.Latency.P50), human.Nanoseconds(c.Latency.P99))
	if c.Intended != nil {
		line += fmt.Sprintf("  p99 from intended start %s", human.Nanoseconds(c.Intended.P99))
	}
	if c.BytesPerEntry != 0 {
		line += fmt.Sprintf("  %.0f B/entry  GC %s", c.BytesPerEntry, human.Nanoseconds(c.GCCycleNS))
	} else if c.WriteAmp != 0 {
		line += fmt.Sprintf("  write amp %.2f", c.WriteAmp)
	}
	if t := c.Transactions; t != nil {
		line += fmt.Sprintf("  commits/s %s  aborts %.2f%%", human.Thousands(fmt.Sprintf("%.0f", t.CommitsPerSec)), 100*t.AbortRate)
	}
	if c.State == steady.Burst {
		line += "  " + c.State
	}
	for _, w := range c.Warnings {
		name, _, _ := strings.Cut(w, ":")
		line += "  !" + strings.ReplaceAll(name, " ", "-")
	}
	return line
}
