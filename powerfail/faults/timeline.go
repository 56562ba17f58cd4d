package faults

import (
	"cmp"
	"slices"
	"time"
)

// Event is the begin of a fault, or its end. An instant has a begin alone.
type Event struct {
	At    time.Duration // from the start of the run
	Begin bool
	Fault *Fault
	Nth   int // time that the fault comes, from 0
}

// Timeline returns what happens until a run of that length ends, in order of
// time. No fault begins at until or later, and those that last longer end then.
// Ends come before begins of the same moment; otherwise the order is the file's.
// Events point into f.
func (f *File) Timeline(until time.Duration) []Event {
	var events []Event
	for i := range f.Faults {
		fault := &f.Faults[i]
		for n, at := 0, fault.Start; at < until; n, at = n+1, at+fault.Every {
			events = append(events, Event{at, true, fault, n})
			if !fault.Kind.Instant() {
				events = append(events, Event{min(at+fault.Duration, until), false, fault, n})
			}
			if fault.Every == 0 || n+1 == fault.Times {
				break
			}
		}
	}
	slices.SortStableFunc(events, func(a, b Event) int {
		if c := cmp.Compare(a.At, b.At); c != 0 || a.Begin == b.Begin {
			return c
		}
		if b.Begin {
			return -1
		}
		return 1
	})
	return events
}
