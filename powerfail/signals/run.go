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

// Process is one that faults may affect. ID distinguishes it from all others of the
// run.
type Process struct {
	ID     string
	Labels map[string]string
	Signal func(os.Signal) error // such as that of os.Process
}

// Clock is the time of a run.
type Clock interface {
	// Wait returns when the time at has passed since the start of the run. If the
	// context ends before, it returns the error of the context.
	Wait(ctx context.Context, at time.Duration) error
}

// Sent is a signal that a process received.
type Sent struct {
	At      time.Duration // the scheduled time
	Fault   string
	Process string
	Signal  os.Signal
}

// Run applies f until a run of the given length ends. It returns what was sent, in
// order, also together with an error. rng chooses among processes. A process that ends
// before its signal is left out. It is an error if f has a fault of another kind than
// kill and stop, or a fault whose labels no process has.
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

// occurrence is one occurrence of a fault.
type occurrence struct {
	fault *faults.Fault
	nth   int
}

type run struct {
	processes func() []Process
	rng       *rand.Rand
	sent      []Sent
	holds     map[occurrence][]Process // the processes that each stop affects
	held      map[string]int           // by ID: how many stops affect the process now
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

// letGo ends one occurrence of a stop.
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

// release ends all stops that an interrupted run left.
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

// choose returns the processes for which target stands.
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
		n = (n*target.Pick.Percent + 99) / 100 // rounded up, so at least one
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
