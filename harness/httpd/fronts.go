package httpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"lsmlab/harness/httpd/conns"
	"lsmlab/harness/httpd/resp"
)

// front is one protocol at one address.
type front struct {
	name     string
	listener net.Listener
	serve    func(net.Listener) error   // returns after stop
	stop     func(context.Context) bool // lets requests end; false says that some were cut off
}

// The names of fronts, in Server.Addrs.
const (
	HTTPFront  = "http"
	RESPFront  = "redis"
	AdminFront = "admin"
)

// listen makes the fronts that the configuration asks for.
func (s *Server) listen() error {
	c := s.config
	most := c.connections()
	for _, f := range []struct {
		name, addr string
		make       func(l net.Listener) front
		refuse     func(net.Conn)
	}{
		{HTTPFront, c.Addr, func(l net.Listener) front { return s.httpFront(l, most) }, conns.OverTLS(c.TLS, conns.HTTP)},
		{RESPFront, c.RESPAddr, s.respFront, conns.OverTLS(c.TLS, conns.Redis)},
		{AdminFront, c.AdminAddr, s.adminFront, conns.HTTP},
	} {
		if f.addr == "" && f.name != HTTPFront {
			continue
		}
		l, err := net.Listen("tcp", f.addr)
		if err != nil {
			for _, earlier := range s.fronts {
				_ = earlier.listener.Close()
			}
			return fmt.Errorf("%s: %w", f.name, err)
		}
		limited := conns.New(l, conns.Options{Max: most, Refuse: f.refuse, Log: c.Log.With("front", f.name)})
		s.metrics.Front(f.name, limited.Counts)
		next := f.make(limited)
		next.name = f.name
		s.fronts = append(s.fronts, next)
	}
	return nil
}

// Limits of one connection of HTTP/2: its concurrent requests, and the bytes of
// requests that the server has not read yet.
const (
	maxStreams    = 100
	streamBuffers = 128 << 10
)

// httpFront serves HTTP/1.1 and HTTP/2, with or without TLS; gRPC needs HTTP/2. At most
// `most` requests run at a time, which is the number of connections allowed.
func (s *Server) httpFront(l net.Listener, most int) front {
	server := s.httpServer(s.handler(most))
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams:          maxStreams,
		MaxReceiveBufferPerConnection: streamBuffers,
		MaxReceiveBufferPerStream:     streamBuffers,
	}
	server.TLSConfig = s.config.TLS
	return frontOf(server, l)
}

func (s *Server) adminFront(l net.Listener) front {
	server := s.httpServer(ownPages(s.config.AllowedHosts, s.admin()))
	server.WriteTimeout = 0 // the client decides how long a profile takes
	return frontOf(server, l)
}

// maxHeader is the largest header of a request, in bytes. A key of the largest size,
// escaped, fits.
const maxHeader = 256 << 10

func (s *Server) httpServer(h http.Handler) *http.Server {
	t := s.config.Timeouts
	return &http.Server{
		Handler:           h,
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: t.Header,
		ReadTimeout:       t.Read,
		WriteTimeout:      t.Write,
		IdleTimeout:       t.Idle,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
	}
}

func frontOf(server *http.Server, l net.Listener) front {
	return front{
		listener: l,
		serve: func(l net.Listener) (err error) {
			if server.TLSConfig != nil {
				err = server.ServeTLS(l, "", "")
			} else {
				err = server.Serve(l)
			}
			if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		},
		stop: func(ctx context.Context) bool {
			if server.Shutdown(ctx) == nil {
				return true
			}
			_ = server.Close()
			return false
		},
	}
}

func (s *Server) respFront(l net.Listener) front {
	server := &resp.Server{
		Store: s.store, Token: s.config.Token, Idle: s.config.Timeouts.Idle, Write: s.config.Timeouts.Write,
		Handshake: s.config.Timeouts.Header, Log: s.config.Log, Observe: s.metrics.Command,
	}
	if s.config.TLS != nil {
		l = tls.NewListener(l, s.config.TLS)
	}
	return front{listener: l, serve: server.Serve, stop: server.Stop}
}
