// Package breaker floods a server that has a threshold of requests/s (kind "breaker"), and
// counts what it takes and how it refuses the rest. Contenders are servers with and without
// the threshold.
package breaker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/harness/studies/internal/served"
)

// Contenders.
const (
	limited = "limited"
	open    = "open"
)

// fallback is the text with which the server refuses.
const fallback = "the study says: come back later"

// Kind returns servers with and without a threshold as contenders of the kind "breaker".
// Keys of a job are the threshold in requests/s; threads are clients that ask without a
// pause.
func Kind() micro.Kind {
	return micro.Kind{
		Name: "breaker", About: "a flooded server by whether it has a threshold; keys are the threshold, requests/s", Measure: micro.Loop(prepare),
		KeySize: 16, ValueSize: 100,
		Contenders: []micro.Contender{
			{Name: limited, Own: true, About: "requests above the threshold get the fall-back answer"},
			{Name: open, Own: true, About: "every request is taken"},
		},
		Works: []micro.Work{{Name: "flood", About: "PUT of a key, over HTTP, again as soon as it is answered"}},
	}
}

// flood is a server with what its clients met.
type flood struct {
	dir    string
	server *served.Server
	client *served.Client
	burst  int64

	taken, refused atomic.Int64
	told           atomic.Int64 // of the refused: with the fall-back answer, and when to come again
}

func prepare(ctx context.Context, j micro.Job) (_ *micro.Task, err error) {
	f := &flood{dir: j.Dir, burst: max(1, j.Keys/10)}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	o := served.Options{Engine: "lsm-bptree", Dir: filepath.Join(j.Dir, "store")}
	if j.Contender == limited {
		text := fmt.Sprintf(`{"rate": {"requests_per_second": %d, "burst": %d}, "fallback": %q}`, j.Keys, f.burst, fallback)
		o.Args = []string{"--settings", f.settings()}
		if err := os.WriteFile(f.settings(), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if f.server, err = served.Start(ctx, o); err != nil {
		return nil, err
	}
	f.client = served.NewClient(f.server.URL, j.KeySize, j.ValueSize, j.Threads)
	return &micro.Task{
		Thread: func(i int) (micro.Step, error) {
			at := uint64(i)
			return func() error {
				at += uint64(j.Threads)
				return f.count(f.client.Put(ctx, at))
			}, nil
		},
		Figures: f.figures,
		Close:   f.close,
	}, nil
}

func (f *flood) settings() string { return filepath.Join(f.dir, "settings.json") }

// count counts an answer. One that is neither taken nor refused is an error.
func (f *flood) count(a served.Answer, err error) error {
	if err == nil && a.Status == http.StatusTooManyRequests {
		f.refused.Add(1)
		if a.RetryAfter != "" && bytes.Contains(a.Body, []byte(fallback)) {
			f.told.Add(1)
		}
		return nil
	}
	f.taken.Add(1)
	return served.Expect(http.StatusNoContent)(a, err)
}

// figures sets what was taken, beside the burst that the server takes at once, and how the
// rest was refused.
func (f *flood) figures(c *result.Cell) error {
	taken, refused := f.taken.Load(), f.refused.Load()
	c.Figures = map[string]float64{"taken_per_sec": float64(taken) / c.Seconds}
	if refused > 0 {
		c.Figures["taken_per_sec"] = float64(max(0, taken-f.burst)) / c.Seconds
		c.Figures["fallback_share"] = float64(f.told.Load()) / float64(refused)
	}
	return nil
}

// close ends the server and removes its files.
func (f *flood) close() error {
	if f.client != nil {
		f.client.Close()
	}
	if f.server != nil {
		_ = f.server.End(syscall.SIGKILL) // which it cannot refuse
	}
	return errors.Join(os.RemoveAll(filepath.Join(f.dir, "store")), os.RemoveAll(f.settings()))
}
