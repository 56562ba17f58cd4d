// Package resp is a front of a store that speaks the Redis protocol, versions 2 and 3.
// With it, the tools and clients of Redis can load and inspect any engine. The table in
// commands.go lists the commands; of CLIENT, COMMAND and CONFIG it has what clients ask
// for when they connect. Values are strings, and keys do not expire.
//
// Writes have the server's durability level. Each command is atomic with respect to all
// writes through this server, even if it reads before it writes (SET NX, INCR, DEL);
// see [service.Store.Update]. MULTI is applied as one batch. MGET reads key by key, not
// one state of the store. SCAN visits keys in order. It may be continued on another
// connection, because the server keeps the cursors; it forgets the oldest.
//
// Each connection has a goroutine. It answers pipelined commands in order and sends the
// answers together, large ones in pieces.
package resp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"lsmlab/harness/httpd/service"
)

// Server serves the connections of one listener.
type Server struct {
	Store *service.Store
	Token string        // which clients must send by AUTH; "" for none
	Idle  time.Duration // how long a client may be silent, and how long it may take to send a command
	Write time.Duration // how long a client may take to read answers, or one large value
	// Handshake is how long the handshake of TLS may take.
	Handshake time.Duration
	Log       *slog.Logger // default: nothing is logged

	// Observe, if not nil, is called with the name of every command that is known.
	Observe func(command string)

	cursors  cursors
	lastID   atomic.Int64 // of connections
	warnings rate.Sometimes

	mu      sync.Mutex
	conns   map[net.Conn]bool
	cut     context.CancelFunc // cancels the running commands; nil before Serve
	stopped bool
	running sync.WaitGroup
}

// Serve serves the connections of l until Stop. An accept that fails ends it, so l must
// be a listener that tries again.
func (s *Server) Serve(l net.Listener) error {
	ctx, cut := context.WithCancel(context.Background())
	defer cut()
	s.mu.Lock()
	s.cut, s.warnings.Interval = cut, time.Minute
	s.mu.Unlock()
	for {
		c, err := l.Accept()
		if err != nil {
			s.running.Wait()
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("redis protocol: %w", err)
		}
		if s.add(c) {
			go s.serve(ctx, c)
		}
	}
}

// notOurs logs that a client speaks HTTP. Redis closes such connections, because the
// page of a browser may have opened them to have the body of a request executed.
func (s *Server) notOurs() {
	if s.Log != nil {
		s.warnings.Do(func() { s.Log.Warn("a client of HTTP at the address of the Redis protocol was cut off") })
	}
}

func (s *Server) add(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		_ = c.Close()
		return false
	}
	if s.conns == nil {
		s.conns = map[net.Conn]bool{}
	}
	s.conns[c] = true
	s.running.Add(1)
	return true
}

func (s *Server) remove(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.running.Done()
}

// Stop ends every connection as soon as its running commands are answered. If ctx ends
// before that, it cuts the connections and returns false. The caller must have closed
// the listener.
func (s *Server) Stop(ctx context.Context) bool {
	s.mu.Lock()
	s.stopped = true
	for c := range s.conns {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // wakes connections that wait for commands
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		s.mu.Lock()
		if s.cut != nil {
			s.cut()
		}
		for c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		<-done
		return false
	}
}

// await sets the deadline for the next bytes of the client, unless the server is
// stopping.
func (s *Server) await(c net.Conn, d time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.stopped && c.SetReadDeadline(time.Now().Add(d)) == nil
}

// quiet is how long a client is silent before its connection releases memory.
const quiet = time.Second

// errEnd ends a connection without an answer.
var errEnd = errors.New("end")

// serve answers the commands of one connection.
func (s *Server) serve(ctx context.Context, c net.Conn) {
	defer s.remove(c)
	if !s.shakeHands(ctx, c) {
		return
	}
	in := &receiver{in: c, hold: s.Store.HoldRequest()}
	defer in.hold.Release()
	session := s.newSession(ctx, s.lastID.Add(1), func(b []byte) error {
		if err := c.SetWriteDeadline(time.Now().Add(s.Write)); err != nil {
			return err
		}
		_, err := c.Write(b)
		return err
	})
	defer session.close()
	for {
		err := s.receive(c, in, session)
		for more := err == nil; more && !session.quit && session.out.err == nil; {
			var command [][]byte
			if command, more, err = in.next(); more {
				session.do(command)
			}
		}
		if err != nil {
			session.reportProtocol(err)
		}
		session.out.flush()
		if err != nil || session.quit || session.out.err != nil {
			return
		}
		session.trim()
	}
}

// shakeHands does the handshake of TLS. It has a shorter limit than a silent client
// has.
func (s *Server) shakeHands(ctx context.Context, c net.Conn) bool {
	secured, ok := c.(*tls.Conn)
	if !ok {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, s.Handshake)
	defer cancel()
	return secured.HandshakeContext(ctx) == nil
}

// receive waits for bytes. A client may be silent for Idle between commands, and may
// take as long again to send a command that it has begun.
func (s *Server) receive(c net.Conn, in *receiver, session *session) error {
	limit := s.Store.Settings().Limits.BodyBytes
	if !session.trusted { // a client without the token must not take memory from those with it
		limit = min(limit, service.SmallSize)
	}
	if !in.idle() {
		if in.begin() && !s.await(c, s.Idle) {
			return errEnd
		}
		return in.fill(limit)
	}
	if !s.await(c, min(quiet, s.Idle)) {
		return errEnd
	}
	err := in.fill(limit)
	if errors.Is(err, os.ErrDeadlineExceeded) && s.await(c, s.Idle) {
		in.park()
		session.park()
		err = in.fill(limit)
	}
	return err
}
