// Package resp is a front of a store that speaks the protocol of Redis, versions 2
// and 3, so that its tools and clients can load and inspect any engine. The table
// in commands.go has what it knows; of CLIENT, COMMAND and CONFIG that is as much
// as clients ask for when they connect. Keys have strings and do not expire.
//
// Writes have the server's durability level. Each command is atomic, also those
// that read before they write (SET NX, INCR, DEL), against all writes through this
// server; see [service.Store.Update]. MULTI is applied as one batch. MGET reads
// key by key, not one state. SCAN walks in order of keys and may be continued on
// another connection; its cursors are kept by the server, the oldest forgotten.
//
// Each connection has a goroutine, which answers pipelined commands in order and
// sends the answers together, large ones piece by piece.
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

// Server serves connections of one listener.
type Server struct {
	Store *service.Store
	Token string        // what clients must AUTH with; "": nothing
	Idle  time.Duration // that a client may be silent, and take to send a command
	Write time.Duration // that a client may take to read answers, or one large value
	// Handshake bounds that of TLS.
	Handshake time.Duration
	Log       *slog.Logger // default: nothing is logged

	// Observe, if set, is told the name of every command that is known.
	Observe func(command string)

	cursors  cursors
	lastID   atomic.Int64 // of connections
	warnings rate.Sometimes

	mu      sync.Mutex
	conns   map[net.Conn]bool
	cut     context.CancelFunc // of the commands under way; nil before Serve
	stopped bool
	running sync.WaitGroup
}

// Serve serves what l accepts until Stop. An accept that fails ends it: l is to be
// one that tries again.
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

// notOurs tells that a client speaks HTTP: Redis closes such connections, because
// the page of a browser may have sent them to have its body executed.
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

// Stop ends every connection once its running commands are answered, or when ctx
// ends; then it returns false. The caller has closed the listener.
func (s *Server) Stop(ctx context.Context) bool {
	s.mu.Lock()
	s.stopped = true
	for c := range s.conns {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // wakes those that wait for commands
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

// await sets the deadline for what the client sends, unless the server stops.
func (s *Server) await(c net.Conn, d time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.stopped && c.SetReadDeadline(time.Now().Add(d)) == nil
}

// quiet is how long a client is silent until its connection gives its memory back.
const quiet = time.Second

// errEnd ends a connection without a word.
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

// shakeHands does that of TLS, which must not take as long as a client may be
// silent.
func (s *Server) shakeHands(ctx context.Context, c net.Conn) bool {
	secured, ok := c.(*tls.Conn)
	if !ok {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, s.Handshake)
	defer cancel()
	return secured.HandshakeContext(ctx) == nil
}

// receive waits for bytes. A client may be silent for Idle between commands, and
// take as long to send one that it has begun.
func (s *Server) receive(c net.Conn, in *receiver, session *session) error {
	limit := s.Store.Settings().Limits.BodyBytes
	if !session.trusted { // who has given no token takes no memory of those who have
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
