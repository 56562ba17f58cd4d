package service

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// The memory that clients can make the server hold is limited. So neither large values,
// nor slow readers, nor many clients exhaust it:
//
//  1. A piece of at most SmallSize bytes does not count: a connection or request has a
//     fixed number of such pieces.
//  2. A larger value, answer or body is reserved from a budget before it is made, and
//     held until the client has read it. If there is no room within the budget's
//     patience, the request is refused with [ErrBusy] and may be tried again.
//  3. The size of a value is known only after it was read. So at most maxReading reads
//     are in the engine at a time, each of at most [kv.MaxValueSize]. A value that finds
//     no room is dropped at once and read again when there is some. Reads of small
//     values never wait for clients that are slow to read large ones.
const (
	SmallSize  = 64 << 10 // bytes
	maxReading = 32

	patience = 5 * time.Second // how long a request waits before it is refused
)

// ErrBusy says that the server holds as much memory for its clients as it may.
var ErrBusy = errors.New("the server holds as much for its clients as limits.held_bytes allows")

// budget is a number of bytes, of which many may hold parts.
type budget struct {
	patience time.Duration // of Reserve

	mu          sync.Mutex
	total, used int64
	freed       chan struct{} // closed when bytes are given back or added; nil while nobody waits
}

// resize changes the total. What is held stays held.
func (b *budget) resize(total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.total = total
	b.wake()
}

func (b *budget) wake() {
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}

// try reserves n bytes for a holder of own bytes, if there is room. Otherwise it
// returns a channel to wait for. A single holder always has room.
func (b *budget) try(n, own int64) (ok bool, freed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used == own || b.used+n <= b.total {
		b.used += n
		return true, nil
	}
	if b.freed == nil {
		b.freed = make(chan struct{})
	}
	return false, b.freed
}

func (b *budget) giveBack(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.wake()
}

// inUse returns how many bytes are held.
func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// reserve is try, but it waits until there is room, or until its patience or ctx ends.
func (b *budget) reserve(ctx context.Context, n, own int64) error {
	ok, freed := b.try(n, own)
	if ok {
		return nil
	}
	timeout := time.NewTimer(b.patience)
	defer timeout.Stop()
	for {
		select {
		case <-freed:
		case <-timeout.C:
			return ErrBusy
		case <-ctx.Done():
			return ctx.Err()
		}
		if ok, freed = b.try(n, own); ok {
			return nil
		}
	}
}

// Hold is what one answer or request holds of a budget. The zero value belongs to no
// budget and has no limit. One goroutine at a time may use it.
type Hold struct {
	budget *budget
	bytes  int64
}

// Grow makes h hold n bytes in all, if that is more than it holds and more than
// SmallSize. It waits for room, and fails with [ErrBusy].
func (h *Hold) Grow(ctx context.Context, n int64) error {
	if h.Try(n) {
		return nil
	}
	if err := h.budget.reserve(ctx, n-h.bytes, h.bytes); err != nil {
		return err
	}
	h.bytes = n
	return nil
}

// Try is Grow without waiting. It returns false if there is no room.
func (h *Hold) Try(n int64) bool {
	if h.budget == nil || n <= max(SmallSize, h.bytes) {
		return true
	}
	ok, _ := h.budget.try(n-h.bytes, h.bytes)
	if ok {
		h.bytes = n
	}
	return ok
}

// Release gives everything back. Nothing may refer to the memory any more.
func (h *Hold) Release() {
	if h.bytes > 0 {
		h.budget.giveBack(h.bytes)
		h.bytes = 0
	}
}

// HoldAnswer returns a hold for the memory of an answer. It holds no bytes yet.
func (s *Store) HoldAnswer() Hold { return Hold{budget: &s.answers} }

// HoldRequest returns a hold for the memory of a request. It holds no bytes yet.
func (s *Store) HoldRequest() Hold { return Hold{budget: &s.requests} }

// Held returns how many bytes are held for answers and for requests.
func (s *Store) Held() (answers, requests int64) { return s.answers.inUse(), s.requests.inUse() }

// Read is Get within the limits of memory. When it returns, h holds at least copies
// times the size of the value.
func (s *Store) Read(ctx context.Context, h *Hold, copies int, dst, key []byte) (value []byte, lsn uint64, err error) {
	for {
		value, lsn, err = s.Get(ctx, dst, key)
		size := int64(copies) * int64(len(value)-len(dst))
		if err != nil || h.Try(size) {
			return value, lsn, err
		}
		if err := h.Grow(ctx, size); err != nil { // value becomes garbage while this waits
			return dst, 0, err
		}
	}
}

// Body returns a reader of body that makes h hold copies times the bytes read so far,
// because a request is copied on its way. A read may fail with [ErrBusy].
func (h *Hold) Body(ctx context.Context, body io.ReadCloser, copies int) io.ReadCloser {
	return h.BodyOf(ctx, body, func(read []byte) int64 { return int64(copies) * int64(len(read)) })
}

// BodyOf is Body with a function, cost, that says how much memory the bytes of each
// read will take.
func (h *Hold) BodyOf(ctx context.Context, body io.ReadCloser, cost func(read []byte) int64) io.ReadCloser {
	return &heldBody{body, ctx, h, cost, 0}
}

type heldBody struct {
	io.ReadCloser
	ctx  context.Context
	hold *Hold
	cost func(read []byte) int64
	need int64
}

// Read implements [io.Reader].
func (b *heldBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.need += b.cost(p[:n])
	if b.need > max(SmallSize, b.hold.bytes) {
		const step = 1 << 20 // how much h grows in one step, to make fewer of them
		if err := b.hold.Grow(b.ctx, b.need+step); err != nil {
			return 0, err
		}
	}
	return n, err
}
