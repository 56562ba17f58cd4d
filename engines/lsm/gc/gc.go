// Package gc decides which versions of the past flushes and compactions keep. It is pure:
// it asks no clock and no file, and the core acts.
//
// A version that a newer one hides goes, unless an open snapshot or transaction may read
// it (a pin), or the policy keeps it. What a policy keeps is a floor: the state at each
// LSN from the floor on can be read, whoever asks for it. So all versions above the floor
// stay, and of each key the newest one up to it.
package gc

import (
	"iter"
	"slices"
	"sort"
	"time"

	"lsmlab/engines/lsm/ikey"
)

// Policy says what is kept beside what pins hold. The zero value keeps nothing.
type Policy struct {
	// Window is how long each state can be read.
	Window time.Duration
	// PinAge, if not 0, is how long a state is kept for a reader after a newer one
	// replaced it; not less than Window. PinBytes, if not 0, is how many bytes of tables
	// are kept for readers alone. Beyond them the readers of the oldest states lose those.
	PinAge   time.Duration
	PinBytes int64
}

// Keeps says whether the policy keeps what no pin holds.
func (p Policy) Keeps() bool { return p.Window > 0 }

// Limits says whether pins may be cut.
func (p Policy) Limits() bool { return p.PinAge > 0 || p.PinBytes > 0 }

// Reach is how far back the policy asks what was written when.
func (p Policy) Reach() time.Duration { return max(p.Window, p.PinAge) }

// Floor returns the floor for a flush or compaction of versions up to newest, at the time
// now. at returns the newest LSN that is known to have been visible at a time, or an
// older one, and ok false if none is known.
func (p Policy) Floor(newest ikey.Seq, now time.Time, at func(time.Time) (seq ikey.Seq, ok bool)) ikey.Seq {
	if !p.Keeps() {
		return newest
	}
	seq, _ := at(now.Add(-p.Window)) // 0 if none is known
	return min(newest, seq)
}

// Held is what tables hold for pins alone, of which Pin is the newest one that needs it.
type Held struct {
	Pin   ikey.Seq
	Bytes int64
}

// Cut returns the LSN below which pins are cut, so that nothing is kept for them any more.
// held rises by Pin. now and at are as in Floor. It is never above the floor if what is held
// lies below that.
func (p Policy) Cut(now time.Time, at func(time.Time) (seq ikey.Seq, ok bool), held []Held) (cut ikey.Seq) {
	if p.PinAge > 0 {
		cut, _ = at(now.Add(-p.PinAge)) // that state is not too old, those before it are
	}
	if p.PinBytes == 0 {
		return cut
	}
	var bytes int64
	for _, h := range slices.Backward(held) {
		if bytes += h.Bytes; bytes > p.PinBytes {
			return max(cut, h.Pin+1)
		}
	}
	return cut
}

// Timeline is a sparse index of LSNs by time. Its user keeps it from being used at once.
type Timeline struct {
	// Apart is how far marks are apart at least while writes come one after the other.
	Apart time.Duration

	marks  []mark // both rise
	latest mark   // of the last note; not before the last of marks
}

type mark struct {
	at  time.Time
	seq ikey.Seq
}

// Note notes that a write got the LSN seq, at a time that is not before those of earlier
// notes, and forgets what was noted for LSNs below floor, but for the last one.
func (t *Timeline) Note(at time.Time, seq, floor ikey.Seq) {
	n := len(t.marks)
	latest := t.latest
	t.latest = mark{at, seq}
	if n > 0 && at.Sub(t.marks[n-1].at) < t.Apart {
		return
	}
	if n > 0 && latest.seq > t.marks[n-1].seq {
		t.marks = append(t.marks, latest) // the last one before a pause
	}
	t.marks = append(t.marks, t.latest)
	if passed := sort.Search(len(t.marks), func(i int) bool { return t.marks[i].seq >= floor }); passed > 1 {
		t.marks = slices.Delete(t.marks, 0, passed-1)
	}
}

// Since calls yield with the marks of LSNs above seq, rising, and with the last note, until it
// returns false.
func (t *Timeline) Since(seq ikey.Seq) iter.Seq2[time.Time, ikey.Seq] {
	return func(yield func(time.Time, ikey.Seq) bool) {
		first := sort.Search(len(t.marks), func(i int) bool { return t.marks[i].seq > seq })
		for _, m := range t.marks[first:] {
			if !yield(m.at, m.seq) {
				return
			}
			seq = m.seq
		}
		if t.latest.seq > seq {
			yield(t.latest.at, t.latest.seq)
		}
	}
}

// At returns the LSN of the newest mark that is not after a time: the last write up to
// then or, within a stretch of writes without a pause, one that is less than Apart older.
// It returns ok false if there is none.
func (t *Timeline) At(at time.Time) (seq ikey.Seq, ok bool) {
	after := sort.Search(len(t.marks), func(i int) bool { return t.marks[i].at.After(at) })
	switch {
	case after == 0:
		return 0, false
	case after == len(t.marks) && !t.latest.at.After(at):
		return t.latest.seq, true
	}
	return t.marks[after-1].seq, true
}
