package faults

import (
	"cmp"
	"slices"
	"time"
)

// Event is the beginning or the end of a fault. A fault without a duration has only a
// beginning.
type Event struct {
	At    time.Duration // from the start of the run
	Begin bool
	Fault *Fault
	Nth   int // index of the occurrence, from 0
}

// Timeline returns what happens until a run of the given length ends, in order of time.
// No fault begins at until or later, and those that last longer end at until. At the
// same moment, ends come before beginnings; otherwise the order is that of the file.
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
