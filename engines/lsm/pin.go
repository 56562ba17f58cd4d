package lsm

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/kv"
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

// pin holds the versions that a reader at seq sees, until it is cut.
type pin struct {
	seq          ikey.Seq
	cut          atomic.Bool // what it held may be gone; it is in no list then
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

// lost returns why the reader of p must give up, or nil. Whoever acquires a read state
// and asks then reads right in that state to its end: the outputs that lack what p held
// are begun after p was cut, and installed later still.
func (p *pin) lost() error {
	if p.cut.Load() {
		return fmt.Errorf("%w: LSN %d: the reader was open for too long, or much was kept for it", kv.ErrSnapshotTooOld, p.seq)
	}
	return nil
}

// remove takes p away, which was added.
func (l *pins) remove(p *pin) {
	s := &l[p.stripe]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(p)
}

// cutBelow cuts the pins of LSNs below seq.
func (l *pins) cutBelow(seq ikey.Seq) {
	for i := range l {
		s := &l[i]
		s.mu.Lock()
		for p := s.first; p != nil; {
			next := p.next
			if p.seq < seq {
				s.remove(p)
				p.cut.Store(true)
			}
			p = next
		}
		s.mu.Unlock()
	}
}

// remove takes p out of the list, unless it was cut. It is called under mu.
func (s *pinStripe) remove(p *pin) {
	if p.cut.Load() {
		return
	}
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
