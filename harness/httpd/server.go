// Package httpd serves one engine to clients of other processes. It puts
// together the parts below it: the store behind its guards ([service]), its
// fronts ([rest]), and the life of the process around them.
//
// A server listens first and recovers then, answering 503 meanwhile. When it
// is told to stop, it is not ready any more, takes no new connections, lets
// running requests end within Timeouts.Stop, and then closes the engine.
package httpd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/rest"
	"lsmlab/harness/httpd/service"
)

// Server is a server that listens. Run makes it serve.
type Server struct {
	config   Config
	store    *service.Store
	listener net.Listener
	http     *http.Server
}

// Listen returns a server that listens as c says and does nothing yet.
func Listen(c Config) (*Server, error) {
	c = c.withDefaults()
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{config: c, store: service.New(c.Settings), listener: l}
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: c.Timeouts.Header,
		ReadTimeout:       c.Timeouts.Read,
		WriteTimeout:      c.Timeouts.Write,
		IdleTimeout:       c.Timeouts.Idle,
	}
	return s, nil
}

// Addr is where clients are served.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends or something fails, then stops as the package says.
// It returns nil if nothing failed.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	}()
	opened := make(chan kv.Engine, 1)
	go func() {
		opened <- s.open(cancel)
	}()
	<-ctx.Done()
	s.store.Stop()
	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	s.finishRequests()
	if e := <-opened; e != nil {
		if cerr := e.Close(); cerr != nil {
			err = errors.Join(err, fmt.Errorf("close the store: %w", cerr))
		}
	}
	s.config.Log.Info("stopped")
	return err
}

// open opens the engine and begins to serve it; it returns nil if that failed.
func (s *Server) open(fail context.CancelCauseFunc) kv.Engine {
	start := time.Now()
	e, err := s.config.Open()
	if err != nil {
		fail(err)
		return nil
	}
	s.store.Attach(e)
	s.config.Log.Info("ready", "recovery", time.Since(start))
	return e
}

// finishRequests returns once no request runs, or has cut those that take too
// long.
func (s *Server) finishRequests() {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Timeouts.Stop)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.config.Log.Warn("cut the requests that did not end in time", "timeout", s.config.Timeouts.Stop)
		_ = s.http.Close()
	}
}

// handler sends requests to the parts that answer them.
func (s *Server) handler() http.Handler {
	kvs := &rest.Handler{Store: s.store, StallTimeout: s.config.Timeouts.Write}
	mux := http.NewServeMux()
	s.addHealth(mux)
	mux.Handle("/", kvs) // says what is missing
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kvs.Serves(r.URL.Path) { // before a mux cleans the path
			kvs.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
