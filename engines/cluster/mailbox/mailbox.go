// Package mailbox is a queue of any length between goroutines, whose one receiver takes
// all that is there at once: what came while it was busy becomes its next batch.
package mailbox

import "sync"

// Box is a mailbox. It is safe for concurrent use; New makes one.
type Box[T any] struct {
	wake  chan struct{}
	mu    sync.Mutex
	items []T
}

// New returns an empty mailbox.
func New[T any]() *Box[T] { return &Box[T]{wake: make(chan struct{}, 1)} }

// Put adds items. It never waits.
func (b *Box[T]) Put(items ...T) {
	b.mu.Lock()
	b.items = append(b.items, items...)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default: // the receiver knows already
	}
}

// Ready returns a channel that gives a value once there may be something to Take.
func (b *Box[T]) Ready() <-chan struct{} { return b.wake }

// Take returns all items in order, nil if there are none.
func (b *Box[T]) Take() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = nil
	return items
}

// Serve hands what there is to f, in order, until stop is closed.
func (b *Box[T]) Serve(stop <-chan struct{}, f func([]T)) {
	for {
		select {
		case <-stop:
			return
		case <-b.wake:
			f(b.Take())
		}
	}
}
