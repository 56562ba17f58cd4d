package kv

import "time"

// Tracer gives a view of the engine whose calls say in t where their time went.
// The view is used by one goroutine at a time, and is the engine otherwise;
// calls on the engine itself pay nothing for tracing.
type Tracer interface{ Traced(t *Trace) Engine }

// Trace collects the steps of calls, in the order of time. A nil Trace takes
// none, for the price of a comparison.
type Trace struct{ Steps []Step }

// Step is one stretch of a call's time.
type Step struct {
	Name       string
	Start, End time.Time
}

// Step ends the current step, if there is one, and begins another.
func (t *Trace) Step(name string) {
	if t != nil {
		t.step(name)
	}
}

func (t *Trace) step(name string) {
	now := time.Now()
	t.endAt(now)
	t.Steps = append(t.Steps, Step{Name: name, Start: now})
}

// End ends the current step.
func (t *Trace) End() {
	if t != nil {
		t.endAt(time.Now())
	}
}

func (t *Trace) endAt(now time.Time) {
	if n := len(t.Steps); n > 0 && t.Steps[n-1].End.IsZero() {
		t.Steps[n-1].End = now
	}
}
