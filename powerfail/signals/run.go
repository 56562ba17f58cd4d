package signals

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"lsmlab/powerfail/faults"
)

// Process is one that faults may meet. ID tells it from all others of the run.
type Process struct {
	ID     string
	Labels map[string]string
	Signal func(os.Signal) error // such as that of os.Process
}

// Clock is the time of a run.
type Clock interface {
	// Wait returns when at has passed since the start of the run, or the
	// context's error if it ends before.
	Wait(ctx context.Context, at time.Duration) error
}

// Sent is a signal that a process got.
type Sent struct {
	At      time.Duration // by the schedule
	Fault   string
	Process string
	Signal  os.Signal
}

// Run applies f until the run of that length ends, and returns what was sent, in
// order, also beside an error. Picks among processes come from rng. A process that
// is gone before its signal comes is left out. A fault of another kind than kill
// and stop, or one that finds no process with its labels, is an error.
func Run(ctx context.Context, f *faults.File, until time.Duration, clock Clock, processes func() []Process, rng *rand.Rand) (_ []Sent, err error) {
	for _, fault := range f.Faults {
		if fault.Kind != faults.KindKill && fault.Kind != faults.KindStop {
			return nil, fmt.Errorf("fault %s: kind %q: signals do %q and %q alone", fault.Name, fault.Kind, faults.KindKill, faults.KindStop)
		}
	}
	r := &run{processes: processes, rng: rng, holds: make(map[occurrence][]Process), held: make(map[string]int)}
	defer func() { err = errors.Join(err, r.release()) }()
	for _, event := range f.Timeline(until) {
		if err := clock.Wait(ctx, event.At); err != nil {
			return r.sent, err
		}
		if err := r.apply(event); err != nil {
			return r.sent, fmt.Errorf("fault %s at %v: %w", event.Fault.Name, event.At, err)
		}
	}
	return r.sent, clock.Wait(ctx, until)
}

// occurrence is one time of a fault.
type occurrence struct {
	fault *faults.Fault
	nth   int
}

type run struct {
	processes func() []Process
	rng       *rand.Rand
	sent      []Sent
	holds     map[occurrence][]Process // those that a stop holds
	held      map[string]int           // by how many stops, by ID
}

func (r *run) apply(e faults.Event) error {
	o := occurrence{e.Fault, e.Nth}
	if !e.Begin {
		return r.letGo(e, o)
	}
	met := r.choose(e.Fault.Target)
	if len(met) == 0 {
		return fmt.Errorf("no process has the labels %v", e.Fault.Target.Labels)
	}
	for _, p := range met {
		if e.Fault.Kind == faults.KindKill {
			if err := r.send(e, p, syscall.SIGKILL); err != nil {
				return err
			}
			continue
		}
		r.holds[o] = append(r.holds[o], p)
		r.held[p.ID]++
		if r.held[p.ID] == 1 {
			if err := r.send(e, p, syscall.SIGSTOP); err != nil {
				return err
			}
		}
	}
	return nil
}

// letGo ends one time of a stop.
func (r *run) letGo(e faults.Event, o occurrence) error {
	var errs []error
	for _, p := range r.holds[o] {
		r.held[p.ID]--
		if r.held[p.ID] == 0 {
			errs = append(errs, r.send(e, p, syscall.SIGCONT))
		}
	}
	delete(r.holds, o)
	return errors.Join(errs...)
}

// release ends all stops that a run which was broken off left.
func (r *run) release() error {
	var errs []error
	for o := range r.holds {
		errs = append(errs, r.letGo(faults.Event{Fault: o.fault}, o))
	}
	return errors.Join(errs...)
}

func (r *run) send(e faults.Event, p Process, signal os.Signal) error {
	err := p.Signal(signal)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("process %s: %v: %w", p.ID, signal, err)
	}
	r.sent = append(r.sent, Sent{e.At, e.Fault.Name, p.ID, signal})
	return nil
}

// choose returns those processes that target means.
func (r *run) choose(target faults.Target) []Process {
	var all []Process
	for _, p := range r.processes() {
		if carries(p, target.Labels) {
			all = append(all, p)
		}
	}
	n := len(all)
	switch {
	case target.Pick.Percent > 0:
		n = (n*target.Pick.Percent + 99) / 100 // at least one
	case target.Pick.Count > 0:
		n = min(n, target.Pick.Count)
	default:
		return all
	}
	r.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:n]
}

func carries(p Process, labels map[string]string) bool {
	for k, v := range labels {
		if had, ok := p.Labels[k]; !ok || had != v {
			return false
		}
	}
	return true
}
