// Package observability races one served store by what watches it (kind "observability"):
// traces, metrics that are scraped, profiles. Contenders are those watchers.
//
// What watches runs in the process of the cell: it takes the traces, scrapes the metrics and
// asks for the profiles, over sockets. What the server pays is the figure
// server_cpu_ns_per_op, its processor time a request.
package observability

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/harness/studies/internal/served"
)

// contender is a way to watch a server.
type contender struct {
	micro.Contender
	traced float64 // share of requests whose trace is sent
	admin  bool    // serve profiles, and sample contention for them
	// beside is done over and over while the server is loaded; nil is nothing.
	beside func(ctx context.Context, s *served.Server) error
}

var contenders = []contender{
	{Contender: micro.Contender{Name: "off", Own: true, About: "nothing watches; counters are kept all the same"}},
	{Contender: micro.Contender{Name: "metrics", Own: true, About: "metrics are scraped every second"}, beside: scrape},
	{Contender: micro.Contender{Name: "traces", Own: true, About: "the trace of every request is sent"}, traced: 1},
	{Contender: micro.Contender{Name: "traces-1024", Own: true, About: "the trace of one request in 1,024 is sent"}, traced: 1. / 1024},
	{Contender: micro.Contender{Name: "pprof", Own: true, About: "profiles are served and nobody asks; contention is sampled"}, admin: true},
	{Contender: micro.Contender{Name: "pprof-cpu", Own: true, About: "a CPU profile is taken without a pause"}, admin: true, beside: profile},
	{Contender: micro.Contender{Name: "all", Own: true, About: "every trace, metrics, CPU profile"}, traced: 1, admin: true, beside: everything},
}

// Works.
const (
	read  = "read"
	write = "write"
)

// Kind returns ways to watch a server as contenders of the kind "observability". Keys of a
// job are those of the store, threads are connections.
func Kind() micro.Kind {
	k := micro.Kind{
		Name: "observability", About: "a served store by what watches it: traces, metrics, profiles", Measure: micro.Loop(prepare),
		KeySize: 16, ValueSize: 100,
		Works: []micro.Work{{Name: read, About: "GET of a key, over HTTP"}, {Name: write, About: "PUT of a key, over HTTP"}},
	}
	for _, c := range contenders {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	return k
}

func prepare(ctx context.Context, j micro.Job) (_ *micro.Task, err error) {
	c := contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.Name == j.Contender })]
	w := &watched{dir: j.Dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if err := w.start(ctx, c, j); err != nil {
		return nil, err
	}
	if err := w.client.Fill(ctx, j.Keys); err != nil {
		return nil, err
	}
	w.watch(ctx, c)
	w.cpu, err = w.server.CPU()
	return &micro.Task{
		Thread:  func(i int) (micro.Step, error) { return w.step(ctx, j, i), nil },
		Figures: w.figures,
		Close:   w.close,
	}, err
}

// watched is a server with what watches it.
type watched struct {
	dir    string
	server *served.Server
	client *served.Client
	cpu    time.Duration // of the server, before the measured part

	traces *httptest.Server // takes traces; nil if there are none
	end    context.CancelFunc
	beside sync.WaitGroup
	err    error // of what is done beside
}

// start starts the server, and before it what takes its traces.
func (w *watched) start(ctx context.Context, c contender, j micro.Job) (err error) {
	o := served.Options{Engine: "lsm-bptree", Dir: filepath.Join(j.Dir, "store"), Admin: c.admin}
	if c.traced > 0 {
		w.traces = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // a client that goes away is no concern of ours
		}))
		settings := filepath.Join(j.Dir, "settings.json")
		if err := os.WriteFile(settings, fmt.Appendf(nil, `{"trace_ratio": %g}`, c.traced), 0o644); err != nil {
			return err
		}
		o.Args = []string{"--otlp", w.traces.URL, "--settings", settings}
	}
	if w.server, err = served.Start(ctx, o); err != nil {
		return err
	}
	w.client = served.NewClient(w.server.URL, j.KeySize, j.ValueSize, j.Threads)
	return nil
}

// watch does what is done beside until close.
func (w *watched) watch(ctx context.Context, c contender) {
	if c.beside == nil {
		return
	}
	ctx, w.end = context.WithCancel(ctx)
	w.beside.Go(func() {
		for ctx.Err() == nil && w.err == nil {
			if err := c.beside(ctx, w.server); ctx.Err() == nil {
				w.err = err
			}
		}
	})
}

func (w *watched) step(ctx context.Context, j micro.Job, thread int) micro.Step {
	at := uint64(thread)
	next := func() uint64 {
		at += 7919 // a prime: neighbours come at different times
		return at % uint64(j.Keys)
	}
	if j.Work == read {
		return func() error { return served.Expect(http.StatusOK)(w.client.Get(ctx, next())) }
	}
	return func() error { return served.Expect(http.StatusNoContent)(w.client.Put(ctx, next())) }
}

// figures sets what the server paid.
func (w *watched) figures(c *result.Cell) error {
	cpu, err := w.server.CPU()
	c.Figures = map[string]float64{"server_cpu_ns_per_op": float64(cpu-w.cpu) / float64(c.Ops)}
	return err
}

// close ends all and removes the files. It reports what went wrong beside.
func (w *watched) close() error {
	if w.end != nil {
		w.end()
		w.beside.Wait()
	}
	errs := []error{w.err}
	if w.client != nil {
		w.client.Close()
	}
	if w.server != nil {
		_ = w.server.End(syscall.SIGKILL) // which it cannot refuse
	}
	if w.traces != nil {
		w.traces.Close()
	}
	for _, name := range []string{"store", "settings.json"} {
		errs = append(errs, os.RemoveAll(filepath.Join(w.dir, name)))
	}
	return errors.Join(errs...)
}

const (
	scrapeEvery    = time.Second
	profileSeconds = 1
)

// scrape asks for the metrics once and waits for the time to ask again.
func scrape(ctx context.Context, s *served.Server) error {
	err := served.Get(ctx, s.URL+"/metrics")
	select {
	case <-ctx.Done():
	case <-time.After(scrapeEvery):
	}
	return err
}

// profile takes one profile.
func profile(ctx context.Context, s *served.Server) error {
	return served.Get(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", s.Admin, profileSeconds))
}

// everything takes a profile and scrapes once beside.
func everything(ctx context.Context, s *served.Server) error {
	return errors.Join(served.Get(ctx, s.URL+"/metrics"), profile(ctx, s))
}
