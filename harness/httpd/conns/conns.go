// Package conns accepts the connections of every front, whatever the protocol:
//
//  1. A failed accept (no file descriptor, no memory) is tried again after a
//     pause, as net/http does. It never ends a server.
//  2. At most Max connections are open. One more is told so in the words of its
//     protocol, and closed. A connection counts from its accept to its close,
//     whether or not the client has said anything yet.
//  3. A refused connection costs little: it is open for at most refuseTimeout, and
//     only the last few are, an eighth of Max. Of more the oldest are closed: who is
//     honest reads its refusal at once and leaves, who is not is silent.
package conns

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// The pause after a failed accept, doubled for each failure in a row.
const (
	firstPause = 5 * time.Millisecond
	longPause  = time.Second
)

const (
	refuseTimeout = time.Second
	logInterval   = 10 * time.Second // of one kind of line
)

// places is how many refusals are open at most.
func places(limit int) int { return min(max(limit/8, 16), 1024) }

// Options of a Listener. The zero value refuses nobody and logs nothing.
type Options struct {
	Max int // connections open at a time; 0: no limit
	// Refuse tells a client that there are too many. It may read and write c, has a
	// deadline, and leaves closing to the caller; nil: nothing is said.
	Refuse func(c net.Conn)
	Log    *slog.Logger // default: nothing is logged
}

// Counts are figures of one listener since it was made.
type Counts struct {
	Open                      int64 // connections now
	Accepted, Refused, Failed int64 // Failed: accepts
}

// Listener is a [net.Listener] that keeps the package's rules.
type Listener struct {
	net.Listener
	options  Options
	closed   chan struct{}
	close    func() error
	refusals struct {
		sync.Mutex
		last []net.Conn // a ring
		next int
	}
	lines    struct{ failed, refused rate.Sometimes }
	open     atomic.Int64
	accepted atomic.Int64
	refused  atomic.Int64
	failed   atomic.Int64
}

// New returns a listener of the connections of l, which it closes.
func New(l net.Listener, o Options) *Listener {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Refuse == nil {
		o.Refuse = func(net.Conn) {}
	}
	n := &Listener{Listener: l, options: o, closed: make(chan struct{})}
	n.refusals.last = make([]net.Conn, places(o.Max))
	n.close = sync.OnceValue(func() error {
		close(n.closed)
		return l.Close()
	})
	n.lines.failed.Interval, n.lines.refused.Interval = logInterval, logInterval
	return n
}

// Close ends the listener; connections stay.
func (l *Listener) Close() error { return l.close() }

// Counts returns the figures of now.
func (l *Listener) Counts() Counts {
	return Counts{l.open.Load(), l.accepted.Load(), l.refused.Load(), l.failed.Load()}
}

// Accept waits for a connection that may be served. Its only error is
// [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	pause := firstPause
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			if l.ended(err, pause) {
				return nil, net.ErrClosed
			}
			pause = min(2*pause, longPause)
			continue
		}
		pause = firstPause
		if n := l.open.Add(1); l.options.Max <= 0 || n <= int64(l.options.Max) {
			l.accepted.Add(1)
			return &conn{Conn: c, listener: l}, nil
		}
		l.open.Add(-1)
		l.turnAway(c)
	}
}

// ended says whether a failed accept is the end, else after a pause that it is not.
func (l *Listener) ended(err error, pause time.Duration) bool {
	if errors.Is(err, net.ErrClosed) {
		return true
	}
	l.failed.Add(1)
	l.lines.failed.Do(func() { l.options.Log.Warn("cannot accept a connection, trying again", "error", err) })
	select {
	case <-l.closed:
		return true
	case <-time.After(pause):
		return false
	}
}

// turnAway refuses c without making the next accept wait.
func (l *Listener) turnAway(c net.Conn) {
	l.refused.Add(1)
	l.lines.refused.Do(func() {
		l.options.Log.Warn("connections are refused", "max_connections", l.options.Max, "address", l.Addr())
	})
	l.makePlace(c)
	go func() {
		defer func() { _ = c.Close() }()
		if c.SetDeadline(time.Now().Add(refuseTimeout)) != nil {
			return
		}
		l.options.Refuse(c)
		// A socket that is closed with bytes unread resets the connection, and the
		// reset may overtake the answer: so the client closes first, or time is up.
		if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(c, 1<<20))
		}
	}()
}

// makePlace puts c among the last refusals, and closes the one that is too many.
func (l *Listener) makePlace(c net.Conn) {
	r := &l.refusals
	r.Lock()
	defer r.Unlock()
	if oldest := r.last[r.next]; oldest != nil {
		_ = oldest.Close() // most have ended long ago
	}
	r.last[r.next] = c
	r.next = (r.next + 1) % len(r.last)
}

// conn counts as open until it is closed.
type conn struct {
	net.Conn
	listener *Listener
	once     sync.Once
}

// Close closes the connection, the first time.
func (c *conn) Close() error {
	c.once.Do(func() { c.listener.open.Add(-1) })
	return c.Conn.Close()
}
