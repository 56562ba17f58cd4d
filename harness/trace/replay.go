package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/kv"
	"lsmlab/workloads"
)

// Options say how a trace is replayed.
type Options struct {
	Durability kv.Durability
	Clock      bool // start operations at their recorded times; else each when the one before has ended
}

// Part is the time that one kind of operation took.
type Part struct {
	Kind  string `json:"kind"` // a batch of several operations is "batch"
	Count int64  `json:"count"`
	P50   int64  `json:"p50_ns"`
	P99   int64  `json:"p99_ns"`
	P999  int64  `json:"p999_ns"`
	Max   int64  `json:"max_ns"`
}

// Result is the result of a replay. Latency is from the real start of an operation and,
// with the recorded clock, also from its recorded time, so that waiting behind slow
// operations counts.
type Result struct {
	Events    int64   `json:"events"`
	Calls     int64   `json:"calls"`  // of the engine
	Missed    int64   `json:"missed"` // gets that found nothing
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"events_per_sec"`
	Clock     bool    `json:"recorded_clock"`
	Kinds     []Part  `json:"kinds"`
	Intended  *Part   `json:"intended,omitempty"`
}

// replayer carries events out. Values are made of their sizes.
type replayer struct {
	engine kv.Engine
	o      Options
	start  time.Time
	batch  kv.Batch
	inside int // events of the batch so far
	value  []byte
	made   uint32
	hists  [kinds + 1]*hdrhistogram.Histogram
	late   *hdrhistogram.Histogram
	result Result
}

const batchKind = kinds // of a batch of several events

// Replay carries out what r yields on e, in one goroutine, so in the order of the trace.
// The error is that of the trace, of the engine, or of ctx.
func Replay(ctx context.Context, r *Reader, e kv.Engine, o Options) (Result, error) {
	p := &replayer{engine: e, o: o, start: time.Now()}
	for i := range p.hists {
		p.hists[i] = newHist()
	}
	p.late = newHist()
	for ev := (Event{}); ; {
		err := r.Next(&ev)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = p.do(ctx, &ev)
		}
		if err != nil {
			return Result{}, err
		}
	}
	return p.summary(), nil
}

// newHist has three digits from 1 ns to an hour.
func newHist() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(time.Hour), 3) }

func (p *replayer) do(ctx context.Context, e *Event) error {
	p.result.Events++
	if e.Kind == Set || e.Kind == Delete || e.Kind == DeleteRange {
		p.add(e)
		if e.More {
			return nil
		}
	}
	if err := p.wait(ctx, e.At); err != nil {
		return err
	}
	begin := time.Now()
	kind, err := p.call(e)
	end := time.Now()
	if err != nil {
		return fmt.Errorf("event %d, %s of %q: %w", p.result.Events, e.Kind, e.Key, err)
	}
	p.result.Calls++
	_ = p.hists[kind].RecordValue(max(1, int64(end.Sub(begin)))) // an hour is never exceeded
	_ = p.late.RecordValue(max(1, int64(end.Sub(p.start)-e.At)))
	return nil
}

// wait waits for an operation's time, if the replay keeps times.
func (p *replayer) wait(ctx context.Context, at time.Duration) error {
	left := time.Duration(0)
	if p.o.Clock {
		left = time.Until(p.start.Add(at))
	}
	if left <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// add adds a write to the batch.
func (p *replayer) add(e *Event) {
	p.inside++
	switch e.Kind {
	case Set:
		p.made++
		p.value = workloads.AppendValue(p.value[:0], xxhash.Sum64(e.Key), p.made, e.Size, 0)
		p.batch.Set(e.Key, p.value)
	case Delete:
		p.batch.Delete(e.Key)
	case DeleteRange:
		upper := e.Upper
		if len(upper) == 0 {
			upper = nil
		}
		p.batch.DeleteRange(e.Key, upper)
	}
}

// call calls the engine.
func (p *replayer) call(e *Event) (kind Kind, err error) {
	switch e.Kind {
	case Get:
		p.value, err = p.engine.Get(p.value[:0], e.Key)
		if errors.Is(err, kv.ErrNotFound) {
			p.result.Missed++
			err = nil
		}
		return Get, err
	case Scan:
		return Scan, p.scan(e)
	}
	kind = e.Kind
	if p.inside > 1 {
		kind = batchKind
	}
	err = p.engine.Apply(&p.batch, p.o.Durability)
	p.batch.Reset()
	p.inside = 0
	return kind, err
}

func (p *replayer) scan(e *Event) error {
	it := p.engine.Scan(nil, nil)
	ok := it.SeekGE(e.Key)
	for n := 1; ok && n < e.Entries; n++ {
		ok = it.Next()
	}
	return it.Close()
}

func (p *replayer) summary() Result {
	r := &p.result
	r.Clock, r.Seconds = p.o.Clock, time.Since(p.start).Seconds()
	if r.Seconds > 0 {
		r.PerSecond = float64(r.Events) / r.Seconds
	}
	for kind, h := range p.hists {
		if name := "batch"; h.TotalCount() > 0 {
			if Kind(kind) < kinds {
				name = Kind(kind).String()
			}
			r.Kinds = append(r.Kinds, part(name, h))
		}
	}
	if p.o.Clock {
		intended := part("from the recorded time", p.late)
		r.Intended = &intended
	}
	return *r
}

func part(name string, h *hdrhistogram.Histogram) Part {
	return Part{name, h.TotalCount(), h.ValueAtQuantile(50), h.ValueAtQuantile(99), h.ValueAtQuantile(99.9), h.Max()}
}
