// Package capacity runs as many instances of a server as a formula computes for a peak, behind
// a balancer, at that peak (kind "capacity"). Contenders are formulas.
//
// An instance's capacity is a limit: it takes so many requests/s, and what would have to
// wait longer than the objective is refused. So instances do not share the processors of
// this machine as a bottleneck, and the figures are about the formulas alone.
package capacity

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"lsmlab/harness/load/replicas"
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// perPeak is how many instances make the peak, without any headroom.
const perPeak = 4

// objective is how long an answer may take to count as served.
const objective = 100 * time.Millisecond

var contenders = []struct {
	micro.Contender
	count func(peak, meanSeconds, instance float64) float64
}{
	{micro.Contender{Name: "as-given", Own: true, About: "ceil(peak x mean seconds / QPS of one) x 1.3, the source's formula to the letter"}, replicas.AsGiven},
	{micro.Contender{Name: "bare", Own: true, About: "ceil(peak / QPS of one)"}, func(peak, _, instance float64) float64 { return replicas.Bare(peak, instance) }},
	{micro.Contender{Name: "headroom", Own: true, About: "ceil(peak / QPS of one x 1.3)"}, func(peak, _, instance float64) float64 {
		return replicas.For(peak, instance)
	}},
}

// Works: how the balancer spreads requests.
const (
	even   = "even"
	random = "random"
	lost   = "lost"
)

// perKey is how many requests/s of the peak a key of a job stands for, so that a job of few
// operations is short.
const perKey = 100

// Kind returns formulas as contenders of the kind "capacity". Keys of a job are the peak in
// hundreds of requests/s, threads the requests in progress at most.
func Kind() micro.Kind {
	k := micro.Kind{
		Name: "capacity", About: "instances behind a balancer at the peak, as many as a formula computes; keys are the peak, hundreds of requests/s",
		Measure: micro.Loop(prepare), KeySize: 16, ValueSize: 100,
		Works: []micro.Work{
			{Name: even, About: "the balancer takes instances in turn"},
			{Name: random, About: "the balancer takes an instance by chance"},
			{Name: lost, About: "in turn; one instance is killed before the peak"},
		},
	}
	for _, c := range contenders {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	return k
}

// peak is one cell: a fleet and what its clients met.
type peak struct {
	fleet        *fleet
	asked        atomic.Int64
	served, late atomic.Int64
}

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	rate := float64(max(j.Keys, 1) * perKey)
	instance := rate / perPeak
	f := &fleet{dir: j.Dir, random: j.Work == random, settings: fmt.Sprintf(
		`{"rate": {"requests_per_second": %g, "burst": %d}}`, instance, max(1, int(instance*objective.Seconds())))}
	if err := f.fill(ctx, j, rate, instance); err != nil {
		return nil, f.closeAfter(err)
	}
	p := &peak{fleet: f}
	threads := make([]*arrivals, j.Threads)
	for i := range threads {
		threads[i] = &arrivals{
			every: float64(j.Threads) / rate * float64(time.Second),
			rng:   rand.New(rand.NewPCG(j.Seed, uint64(i))),
		}
	}
	return &micro.Task{
		Thread: func(i int) (micro.Step, error) {
			at := uint64(i)
			return func() error {
				at += uint64(j.Threads)
				return p.ask(ctx, threads[i].rng, at)
			}, nil
		},
		Between: func(i int) error { return threads[i].wait(ctx) },
		Figures: p.figures,
		Close:   func() error { return f.closeAfter(nil) },
	}, nil
}

// fill starts as many instances as the formula of the job computes.
func (f *fleet) fill(ctx context.Context, j micro.Job, rate, instance float64) error {
	if err := f.add(ctx, j); err != nil {
		return err
	}
	mean, err := f.meanSeconds(ctx)
	if err != nil {
		return err
	}
	for _, c := range contenders {
		if c.Name != j.Contender {
			continue
		}
		for n := math.Ceil(c.count(rate, mean, instance)); float64(len(f.instances)) < n; {
			if err := f.add(ctx, j); err != nil {
				return err
			}
		}
	}
	if j.Work == lost {
		return f.lose()
	}
	return nil
}

// ask makes a request of the fleet. An answer that refuses is no error.
func (p *peak) ask(ctx context.Context, rng *rand.Rand, key uint64) error {
	begin := time.Now()
	a, err := p.fleet.put(ctx, rng, key)
	if err != nil {
		return err
	}
	p.asked.Add(1)
	switch {
	case a.Status != http.StatusNoContent && a.Status != http.StatusTooManyRequests:
		return fmt.Errorf("status %d: %s", a.Status, a.Body)
	case a.Status != http.StatusNoContent:
	case time.Since(begin) > objective:
		p.late.Add(1)
	default:
		p.served.Add(1)
	}
	return nil
}

func (p *peak) figures(c *result.Cell) error {
	asked := float64(p.asked.Load())
	c.Figures = map[string]float64{
		"served_share": float64(p.served.Load()) / asked,
		"late_share":   float64(p.late.Load()) / asked,
		"instances":    float64(len(p.fleet.instances)),
	}
	return nil
}

// arrivals are the times of one thread's requests, a Poisson process. A request that cannot
// start in time starts as soon as it can.
type arrivals struct {
	every float64 // ns between requests, on average
	rng   *rand.Rand
	next  time.Time
}

// wait waits until the next request is due.
func (a *arrivals) wait(ctx context.Context) error {
	if a.next.IsZero() {
		a.next = time.Now()
	}
	a.next = a.next.Add(time.Duration(a.rng.ExpFloat64() * a.every))
	select {
	case <-time.After(time.Until(a.next)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
