// Package conns accepts the connections of every front, whatever their protocol. Its
// rules:
//
//  1. An accept that fails (no file descriptor, no memory) is tried again after a
//     pause, as in net/http. It never ends a server.
//  2. At most Max connections are open. A further client is told so in its protocol, and
//     its connection is closed. A connection counts from its accept to its close,
//     whether or not the client has sent anything yet.
//  3. A refused connection costs little. It is open for at most refuseTimeout, and at
//     most an eighth of Max of them are open. If there are more, the oldest are closed.
//     An honest client reads its refusal at once and leaves; a silent one is not.
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

// The pause after an accept that failed. Each further failure in a row doubles it.
const (
	firstPause = 5 * time.Millisecond
	longPause  = time.Second
)

const (
	refuseTimeout = time.Second
	logInterval   = 10 * time.Second // between two lines of one kind in the log
)

// places returns how many refused connections may be open.
func places(limit int) int { return min(max(limit/8, 16), 1024) }

// Options of a Listener. With the zero value, it refuses nobody and logs nothing.
type Options struct {
	Max int // connections open at a time; 0 for no limit
	// Refuse tells a client that there are too many connections. It may read and write
	// c, which has a deadline, and must not close it. If Refuse is nil, the client is
	// told nothing.
	Refuse func(c net.Conn)
	Log    *slog.Logger // default: nothing is logged
}

// Counts are the figures of one listener since New.
type Counts struct {
	Open                      int64 // connections open now
	Accepted, Refused, Failed int64 // Failed counts failed accepts
}

// Listener is a [net.Listener] that follows the rules of the package.
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

// New returns a listener for the connections of l. Closing it closes l.
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

// Close ends the listener. Its connections stay open.
func (l *Listener) Close() error { return l.close() }

// Counts returns the current figures.
func (l *Listener) Counts() Counts {
	return Counts{l.open.Load(), l.accepted.Load(), l.refused.Load(), l.failed.Load()}
}

// Accept waits for a connection that may be served. Its only error is [net.ErrClosed].
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

// ended returns true if a failed accept is the end of the listener. Otherwise it
// returns false after a pause.
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

// turnAway refuses c without delaying the next accept.
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
		// Closing a socket that has unread bytes resets the connection, and the reset may
		// overtake the answer. So the client closes first, or the deadline ends the wait.
		if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(c, 1<<20))
		}
	}()
}

// makePlace adds c to the refused connections, and closes the oldest of them if there
// are too many.
func (l *Listener) makePlace(c net.Conn) {
	r := &l.refusals
	r.Lock()
	defer r.Unlock()
	if oldest := r.last[r.next]; oldest != nil {
		_ = oldest.Close() // most of these have ended long ago
	}
	r.last[r.next] = c
	r.next = (r.next + 1) % len(r.last)
}

// conn is an accepted connection. It counts as open until it is closed.
type conn struct {
	net.Conn
	listener *Listener
	once     sync.Once
}

// Close closes the connection. Only the first call has an effect.
func (c *conn) Close() error {
	c.once.Do(func() { c.listener.open.Add(-1) })
	return c.Conn.Close()
}
