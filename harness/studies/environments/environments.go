// Package environments loads one served store in several environments (kind
// "environments"). Contenders are environments: limits and places of one machine, which
// stand in for other hardware.
package environments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/harness/studies/internal/served"
)

// contender is an environment. k6/environments.json has the same for loads by k6.
type contender struct {
	micro.Contender
	cores      int    // 0: all
	memory     string // limit of Go's heap; "": none
	dir        string // of the store; "": that of the cell
	durability string
}

var contenders = []contender{
	{Contender: micro.Contender{Name: "all-cores", Own: true, About: "every processor, the disk of the run"}, durability: "buffered"},
	{Contender: micro.Contender{Name: "one-core", Own: true, About: "one processor for Go code, 256 MiB of heap"}, cores: 1, memory: "256MiB", durability: "buffered"},
	{Contender: micro.Contender{Name: "in-memory", Own: true, About: "every processor, the store in /dev/shm"}, dir: "/dev/shm", durability: "buffered"},
	{Contender: micro.Contender{Name: "synced", Own: true, About: "every processor, writes synced to the disk of the run"}, durability: "synced"},
}

// mixed is the only work.
const mixed = "mixed"

// Kind returns environments as contenders of the kind "environments". Keys of a job are
// those of the store, threads are connections.
func Kind() micro.Kind {
	k := micro.Kind{
		Name: "environments", About: "a served store in environments that limits of this machine make", Measure: micro.Loop(prepare),
		KeySize: 16, ValueSize: 100,
		Works: []micro.Work{{Name: mixed, About: "nine GETs of a key for each PUT, over HTTP"}},
	}
	for _, c := range contenders {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	return k
}

// service is a server in its environment.
type service struct {
	dir    string // of the store
	cores  int
	server *served.Server
	client *served.Client
	cpu    time.Duration // of the server, before the measured part
	failed atomic.Int64
}

func prepare(ctx context.Context, j micro.Job) (_ *micro.Task, err error) {
	c := contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.Name == j.Contender })]
	s := &service{cores: runtime.NumCPU()}
	if c.cores > 0 {
		s.cores = c.cores
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	parent := j.Dir
	if c.dir != "" {
		parent = c.dir
	}
	if s.dir, err = os.MkdirTemp(parent, "lsmlab-environment-"); err != nil {
		return nil, err
	}
	s.server, err = served.Start(ctx, served.Options{Engine: "lsm-bptree", Dir: s.dir, Args: []string{"--durability", c.durability}, Env: c.limits()})
	if err != nil {
		return nil, err
	}
	s.client = served.NewClient(s.server.URL, j.KeySize, j.ValueSize, j.Threads)
	if err := s.client.Fill(ctx, j.Keys); err != nil {
		return nil, err
	}
	s.cpu, err = s.server.CPU()
	return &micro.Task{
		Thread: func(i int) (micro.Step, error) {
			n := uint64(i)
			return func() error {
				n++
				return s.ask(ctx, n, n*7919%uint64(j.Keys)) // a prime: neighbours come at different times
			}, nil
		},
		Figures: s.figures,
		Close:   s.close,
	}, err
}

func (c contender) limits() (env []string) {
	if c.cores > 0 {
		env = append(env, fmt.Sprintf("GOMAXPROCS=%d", c.cores))
	}
	if c.memory != "" {
		env = append(env, "GOMEMLIMIT="+c.memory)
	}
	return env
}

const readsOfWrite = 9

// ask makes the nth request. What the server cannot answer is counted.
func (s *service) ask(ctx context.Context, n, key uint64) error {
	do, want := s.client.Get, http.StatusOK
	if n%(readsOfWrite+1) == 0 {
		do, want = s.client.Put, http.StatusNoContent
	}
	a, err := do(ctx, key)
	if err == nil && a.Status >= http.StatusInternalServerError {
		s.failed.Add(1)
		return nil
	}
	return served.Expect(want)(a, err)
}

func (s *service) figures(c *result.Cell) error {
	cpu, err := s.server.CPU()
	c.Figures = map[string]float64{
		"answered_share": 1 - float64(s.failed.Load())/float64(c.Ops),
		"cpu_share":      (cpu - s.cpu).Seconds() / c.Seconds / float64(s.cores),
	}
	return err
}

// close ends the server and removes its store.
func (s *service) close() error {
	if s.client != nil {
		s.client.Close()
	}
	if s.server != nil {
		_ = s.server.End(syscall.SIGKILL) // which it cannot refuse
	}
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}
