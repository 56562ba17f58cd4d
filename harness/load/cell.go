package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"lsmlab/harness/machine"
	"lsmlab/harness/result"
)

// measure runs one cell on an empty store directory and sets its figures. The error is
// a *failure if the cell failed and others may go on.
func (r *Runner) measure(ctx context.Context, t task, store string, cell *result.LoadCell) error {
	begin := time.Now()
	served := filepath.Join(store, "served")
	if err := os.Mkdir(served, 0o755); err != nil {
		return err
	}
	stopShowing := r.moveBar(t)
	defer stopShowing()
	s, err := startServer(ctx, r.Program, t.engine, served, t.environment)
	if err != nil {
		return err
	}
	cell.FileSystem = machine.Environment(served).FileSystem
	cell.ReadySeconds = time.Since(begin).Seconds()
	files := filesOf(t.id)
	defer func() { _ = os.Remove(r.path(files.record)) }() // its content is kept as series
	preload := time.Now()
	sum, readings, err := r.drive(ctx, s, t, files)
	stopping := time.Now()
	killed := s.stop(syscall.SIGTERM, stopLimit)
	cell.StopSeconds = time.Since(stopping).Seconds()
	switch {
	case err != nil:
		return withServerLog(err, s)
	case killed:
		return s.failure(fmt.Errorf("the server did not end within %v of SIGTERM", stopLimit))
	case s.err != nil:
		return s.failure(fmt.Errorf("the server ended badly: %w", s.err))
	}
	cell.PreloadSeconds = time.UnixMilli(sum.StartedMS).Sub(preload).Seconds()
	if err := r.fill(cell, sum, readings, files); err != nil {
		return err
	}
	return r.inProcess(ctx, t, store, sum, cell)
}

// withServerLog adds the server's last output to a failure.
func withServerLog(err error, s *server) error {
	var f *failure
	if errors.As(err, &f) {
		f.stderr += "\nserver: " + strings.TrimSpace(s.said.String())
	}
	return err
}

// drive runs k6 against a server and watches both processes.
func (r *Runner) drive(ctx context.Context, s *server, t task, files k6Files) (summary, []reading, error) {
	k, err := r.startK6(s, t, files)
	if err != nil {
		return summary{}, nil, err
	}
	w := watch(s.pid(), k.pid())
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // without a server, k6 would go on for nothing
		select {
		case <-s.ended:
			cancel()
		case <-serving.Done():
		}
	}()
	err = k.wait(serving, k6StopLimit)
	readings := w.finish()
	if serving.Err() != nil {
		if ctx.Err() != nil {
			return summary{}, nil, ctx.Err()
		}
		return summary{}, nil, &failure{fmt.Sprintf("the server ended under load: %v", s.err), ""}
	}
	sum, err := r.readSummary(k, files, err)
	return sum, readings, err
}

// fill sets the figures of a cell from its summary, its recording and what was read
// about the processes.
func (r *Runner) fill(c *result.LoadCell, sum summary, readings []reading, files k6Files) error {
	c.Phases, c.Broken, c.Sweep, c.Mix = sum.phases(), sum.Broken, sum.Sweep, sum.Mix
	c.ObjectiveP95NS, c.ErrorRate = int64(sum.Settings.P95*1e6), sum.Settings.ErrorRate
	c.Keys, c.ValueSize, c.ThinkSeconds = sum.Settings.Keys, sum.Settings.ValueSize, sum.ThinkSeconds
	c.Users, c.UsersPeak = sum.Users, sum.UsersPeak
	c.SummaryFile = files.summary
	from := time.UnixMilli(sum.StartedMS).Add(time.Duration(sum.Settings.Warmup * float64(time.Second)))
	var seconds float64
	for _, p := range c.Phases {
		seconds += p.Seconds
	}
	series, err := readRecording(r.path(files.record), sum.Metric, from)
	if err != nil {
		return fmt.Errorf("k6's recording: %w", err)
	}
	series = append(series, fillUsage(c, readings, from, from.Add(time.Duration(seconds*float64(time.Second))))...)
	for _, f := range []struct {
		field *string
		name  string
	}{{&c.DashboardFile, files.dashboard}, {&c.LogFile, files.log}} {
		if _, err := os.Stat(r.path(f.name)); err == nil {
			*f.field = f.name
		}
	}
	c.Warnings = warnings(*c, seconds)
	c.SeriesFile = "series/" + c.ID + ".tsz"
	return result.WriteSeries(r.path(c.SeriesFile), series)
}

// Limits above which a cell is flagged, as a share of all cores.
const (
	otherShare  = 0.10 // used by other processes
	clientShare = 0.50 // used by k6: above this, the server may have waited for k6
)

// warnings returns why the figures of a cell may mislead.
func warnings(c result.LoadCell, seconds float64) (out []string) {
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	all := float64(runtime.NumCPU())
	if c.OtherCores > otherShare*all {
		warn("other load: other processes used %.2f of %.0f cores", c.OtherCores, all)
	}
	if used := c.ClientCPU / max(seconds, 1e-9); used > clientShare*all {
		warn("client: k6 used %.2f of %.0f cores; what the server would do alone is more", used, all)
	}
	for _, p := range c.Phases {
		if m := p.Missed(); m > result.MissedShare && !c.Sweep {
			warn("missed arrivals: phase %s lacked a free virtual user for %.1f%% of its arrivals; latency and errors are those of the others", p.Name, 100*m)
		}
	}
	return out
}

// moveBar moves the progress bar of a cell until the returned function is called.
func (r *Runner) moveBar(t task) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	begin := time.Now()
	length := r.shape.Length + time.Duration(r.Plan.InProcess) + time.Second
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			share := min(1, time.Since(begin).Seconds()/length.Seconds())
			r.show.At((r.done-r.before)*cellSteps+int(share*(cellSteps-1)),
				fmt.Sprintf("[%d/%d] %s, %s, round %d", r.done+1, r.total, t.engine, t.environment.Name, t.round))
			select {
			case <-quit:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(quit); <-done }
}
