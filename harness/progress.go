package harness

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
)

// Display shows long work: lines of text on one writer and, if the other is a
// terminal, a bar with the time left below them. Safe for concurrent use.
type Display struct {
	mu  sync.Mutex
	out io.Writer
	bar *progressbar.ProgressBar // nil if there is no terminal
}

// NewDisplay returns the display of so many steps. The bar is drawn on errOut.
func NewDisplay(out, errOut io.Writer, steps int) *Display {
	p := &Display{out: out}
	if isTerminal(errOut) && steps > 0 {
		p.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(errOut),
			progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

// isTerminal says whether w is a terminal that can take a bar.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Line prints one line of text above the bar.
func (p *Display) Line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.out, format+"\n", args...)
	if p.bar != nil {
		_ = p.bar.RenderBlank()
	}
}

// At says that so many steps are done, and what is being done.
func (p *Display) At(steps int, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		return
	}
	p.bar.Describe(what)
	_ = p.bar.Set(steps)
}

// Finish removes the bar. Lines can be printed after it.
func (p *Display) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar = nil
	}
}

// A reporter shows a race: one line a cell, and a bar over all of them. Safe for
// concurrent use.
type reporter struct {
	*Display
	count sync.Mutex
	total int
	done  int
}

// barSteps is how finely the bar moves within a cell.
const barSteps = 100

func newReporter(out, errOut io.Writer, total, done int) *reporter {
	return &reporter{Display: NewDisplay(out, errOut, (total-done)*barSteps), total: total, done: done}
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
		return head + "  not supported"
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
	for _, w := range c.Warnings {
		name, _, _ := strings.Cut(w, ":")
		line += "  !" + strings.ReplaceAll(name, " ", "-")
	}
	return line
}
