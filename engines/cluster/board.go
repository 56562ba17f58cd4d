package cluster

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// board is where the members of a process say who leads, for those who ask.
type board struct {
	total int

	leading atomic.Pointer[member] // nil also once no majority is left; mu is held to change it

	mu      sync.Mutex
	changed sync.Cond
	term    uint64 // of the last one that led
	failed  int
	err     error // of the first member that failed
}

func newBoard(members int) *board {
	b := &board{total: members}
	b.changed.L = &b.mu
	return b
}

// leader waits until there is one, or never can be.
func (b *board) leader() (*member, error) {
	if m := b.leading.Load(); m != nil {
		return m, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if b.lost() {
			return nil, fmt.Errorf("%d of %d members failed, no majority is left: %w", b.failed, b.total, b.err)
		}
		if m := b.leading.Load(); m != nil {
			return m, nil
		}
		b.changed.Wait()
	}
}

// lost says whether no majority is left.
func (b *board) lost() bool { return 2*b.failed >= b.total }

// leads notes that a member leads a term. What came late, as of a lower term, is ignored.
func (b *board) leads(m *member, term uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if term >= b.term && !b.lost() {
		b.leading.Store(m)
		b.term = term
		b.changed.Broadcast()
	}
}

// follows notes that a member does not lead.
func (b *board) follows(m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leading.CompareAndSwap(m, nil)
}

// fails notes that a member is out for good.
func (b *board) fails(m *member, err error) {
	b.follows(m)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed++
	if b.err == nil {
		b.err = fmt.Errorf("member %d: %w", m.id, err)
	}
	if b.lost() {
		b.leading.Store(nil)
	}
	b.changed.Broadcast()
}

// Writable returns why there is no majority, or nil.
func (b *board) Writable() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost() {
		return b.err
	}
	return nil
}
