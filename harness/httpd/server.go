// Package httpd serves one engine to clients in other processes. It combines the
// packages below it: the store behind its guards ([service]), the fronts ([rest],
// [rpc], [resp]), and metrics and traces for operators ([telemetry]). It starts and
// stops them.
//
// A server first listens and then recovers; it answers 503 meanwhile. When it is told
// to stop, it reports that it is not ready, accepts no new connections, lets running
// requests end within Timeouts.Stop, and then closes the engine.
package httpd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/service"
	"lsmlab/harness/httpd/telemetry"
)

// Server is a server that listens. Run makes it serve.
type Server struct {
	config   Config
	settings reloader
	store    *service.Store
	metrics  *telemetry.Metrics
	tracing  *telemetry.Tracing // or nil
	fronts   []front
}

// Listen returns a server that listens according to c and does not serve yet.
func Listen(c Config) (*Server, error) {
	c = c.withDefaults()
	s := &Server{config: c, store: service.New(c.Settings, c.Log)}
	s.settings.server = s
	if err := s.settings.load(); err != nil {
		return nil, err
	}
	s.metrics = telemetry.NewMetrics(c.Engine, s.store.Metrics, s.store.Ready)
	s.metrics.Held(s.store.Held)
	s.metrics.Transactions(s.store.Transactions)
	if c.OTLP != "" {
		var err error
		ratio := func() float64 { return s.store.Settings().TraceRatio }
		if s.tracing, err = telemetry.NewTracing(context.Background(), c.OTLP, c.Engine, ratio); err != nil {
			return nil, err
		}
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	return s, nil
}

// Addr returns the address for clients.
func (s *Server) Addr() net.Addr { return s.fronts[0].listener.Addr() }

// Addrs returns the address of each front, by its name.
func (s *Server) Addrs() map[string]net.Addr {
	all := map[string]net.Addr{}
	for _, f := range s.fronts {
		all[f.name] = f.listener.Addr()
	}
	return all
}

// Run serves until ctx ends or something fails, and then stops as the package comment
// says. It returns nil if nothing failed.
func (s *Server) Run(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var running sync.WaitGroup
	for _, f := range s.fronts {
		running.Go(func() {
			if err := f.serve(f.listener); err != nil {
				fail(fmt.Errorf("%s: %w", f.name, err))
			}
		})
	}
	if err := s.settings.watch(ctx); err != nil {
		fail(err)
	}
	running.Go(func() { (&diskWatch{log: s.config.Log}).run(ctx, s.store.Metrics) })
	opened := make(chan kv.Engine, 1)
	go func() { opened <- s.open(ctx, fail) }()
	<-ctx.Done()
	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	s.store.Stop()
	s.stopFronts()
	running.Wait()
	return errors.Join(err, s.close(<-opened))
}

// openingLog is how often the log says how far the opening of the engine is.
const openingLog = time.Second

// open opens the engine and begins to serve it. It returns nil if this failed or if ctx
// ended.
func (s *Server) open(ctx context.Context, fail context.CancelCauseFunc) kv.Engine {
	start := time.Now()
	said := start
	e, err := s.config.Open(func(p kv.OpenProgress) error {
		s.store.Opening(p)
		if time.Since(said) >= openingLog {
			said = time.Now()
			s.config.Log.Info("opening", "step", p.Step, "done", p.Done, "of", p.Total)
		}
		return ctx.Err()
	})
	if err != nil {
		fail(err)
		return nil
	}
	s.store.Attach(e)
	s.config.Log.Info("ready", "recovery", time.Since(start))
	return e
}

// stopFronts returns when no request runs any more. It cuts requests that take too
// long.
func (s *Server) stopFronts() {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Timeouts.Stop)
	defer cancel()
	var stopping sync.WaitGroup
	for _, f := range s.fronts {
		stopping.Go(func() {
			_ = f.listener.Close()
			if !f.stop(ctx) {
				s.config.Log.Warn("cut requests that did not end in time", "front", f.name, "timeout", s.config.Timeouts.Stop)
			}
		})
	}
	stopping.Wait()
}

// close closes the engine and all else. e is nil if the engine was never open.
func (s *Server) close(e kv.Engine) error {
	var err error
	if e != nil {
		if err = e.Close(); err != nil {
			err = fmt.Errorf("close the store: %w", err)
		}
	}
	if s.tracing != nil {
		ctx, cancel := context.WithTimeout(context.Background(), s.config.Timeouts.Stop)
		defer cancel()
		if terr := s.tracing.Close(ctx); terr != nil {
			s.config.Log.Warn("the last traces are lost", "error", terr)
		}
	}
	s.config.Log.Info("stopped")
	return err
}
