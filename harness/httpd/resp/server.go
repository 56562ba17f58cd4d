// Package resp is a front of a store that speaks the protocol of Redis, version
// 2, so that its tools and clients can load and inspect any engine:
//
//	GET SET DEL EXISTS MGET MSET SCAN PING ECHO INFO AUTH SELECT QUIT
//
// and of CLIENT, COMMAND and CONFIG as much as tools ask for when they connect.
// Writes have the server's durability. MSET and DEL are atomic; the number that
// DEL returns may be off if others write the same keys meanwhile. SCAN walks in
// order of keys and may be continued on another connection; its cursors are
// kept by the server, the oldest forgotten after maxCursors others.
//
// Each connection has a goroutine, which answers pipelined commands in order and
// sends the answers together.
package resp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"lsmlab/harness/httpd/service"
)

// Server serves connections of one listener.
type Server struct {
	Store *service.Store
	Token string        // what clients must AUTH with; "": nothing
	Idle  time.Duration // that a client may be silent, and take to send a command
	Write time.Duration // that a client may take to read answers

	// Observe, if set, is told the name of every command that is known.
	Observe func(command string)

	cursors cursors

	mu      sync.Mutex
	conns   map[net.Conn]bool
	stopped bool
	running sync.WaitGroup
}

// Serve serves what l accepts until Stop.
func (s *Server) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return fmt.Errorf("redis protocol: %w", err)
		}
		if s.add(c) {
			go s.serve(c)
		}
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
		for c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		<-done
		return false
	}
}

// awaitCommands sets the deadline of the next command, unless the server stops.
func (s *Server) awaitCommands(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.stopped && c.SetReadDeadline(time.Now().Add(s.Idle)) == nil
}

// flushAt is how many bytes of answers are collected before they are sent.
const flushAt = 64 << 10

// serve answers the commands of one connection.
func (s *Server) serve(c net.Conn) {
	defer s.remove(c)
	in := &receiver{in: c}
	session := &session{server: s, ctx: context.Background(), trusted: s.Token == ""}
	for !in.idle() || s.awaitCommands(c) {
		err := in.fill(s.Store.Settings().Limits.BodyBytes)
		for more := err == nil; more; {
			var command [][]byte
			if command, more, err = in.next(); more {
				session.do(command)
			}
			if len(session.out) > flushAt && !s.flush(c, session) {
				return
			}
		}
		if err != nil {
			session.reportProtocol(err)
		}
		if !s.flush(c, session) || err != nil || session.quit {
			return
		}
	}
}

// flush sends the answers of a session and says whether that went well.
func (s *Server) flush(c net.Conn, session *session) bool {
	if len(session.out) == 0 {
		return true
	}
	if c.SetWriteDeadline(time.Now().Add(s.Write)) != nil {
		return false
	}
	_, err := c.Write(session.out)
	session.trim()
	return err == nil
}
