package lsm

import (
	"slices"
	"sync"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/lsm/ikey"
)

// pins are the LSNs at which open snapshots and transactions read. Flushes and
// compactions keep the versions that those see.
//
// They are lists in stripes, as references of a readState are, so that snapshots need no
// lock of the whole store and their number costs nothing: a pin is a part of what it
// holds the versions for.
//
// A list of pins may miss one that is added meanwhile. That one loses nothing: each list
// is taken after all versions that the flush or compaction is about to see were
// published (see newOutput), and add reads the LSN under the stripe's lock. So a pin that
// comes too late for the list is not older than any of those versions, and of each key
// the newest one stays.
type pins [numStripes]pinStripe

type pinStripe struct {
	mu    sync.Mutex
	first *pin // in no order
	_     [112]byte
}

// pin holds the versions that a reader at seq sees.
type pin struct {
	seq          ikey.Seq
	stripe       uint
	before, next *pin
}

// add adds p at the newest LSN that is visible.
func (l *pins) add(p *pin, visible *publisher) { l.insert(p, visible.seq) }

// addAt adds p at an LSN, of which the caller knows afterwards whether it came too late:
// see history.
func (l *pins) addAt(p *pin, seq ikey.Seq) { l.insert(p, func() ikey.Seq { return seq }) }

// insert adds p at the LSN that seq returns.
func (l *pins) insert(p *pin, seq func() ikey.Seq) {
	p.stripe = stripeIndex()
	s := &l[p.stripe]
	s.mu.Lock()
	defer s.mu.Unlock()
	p.seq = seq()
	if p.next = s.first; p.next != nil {
		p.next.before = p
	}
	s.first = p
}

// remove takes p away, which was added.
func (l *pins) remove(p *pin) {
	s := &l[p.stripe]
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.next != nil {
		p.next.before = p.before
	}
	if p.before != nil {
		p.before.next = p.next
	} else {
		s.first = p.next
	}
	p.before, p.next = nil, nil
}

// list returns the LSNs that are pinned, rising, each once.
func (l *pins) list() []ikey.Seq {
	if planted.Is(planted.PinsIgnored) {
		return nil
	}
	var seqs []ikey.Seq
	for i := range l {
		s := &l[i]
		s.mu.Lock()
		for p := s.first; p != nil; p = p.next {
			seqs = append(seqs, p.seq)
		}
		s.mu.Unlock()
	}
	slices.Sort(seqs)
	return slices.Compact(seqs)
}
