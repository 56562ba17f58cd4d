package capacity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"lsmlab/harness/micro"
	"lsmlab/harness/studies/internal/served"
)

// fleet is instances of a server with a balancer before them. Requests are made only once
// all are there.
type fleet struct {
	dir       string
	settings  string // of each instance
	random    bool
	instances []*instance
	turn      atomic.Uint64
}

// instance is one server.
type instance struct {
	server *served.Server
	client *served.Client
	dir    string
	down   atomic.Bool // the balancer has met no answer
}

// add starts one more instance.
func (f *fleet) add(ctx context.Context, j micro.Job) error {
	i := &instance{dir: filepath.Join(f.dir, fmt.Sprintf("instance-%d", len(f.instances)))}
	f.instances = append(f.instances, i)
	if err := os.Mkdir(i.dir, 0o755); err != nil {
		return err
	}
	settings := filepath.Join(i.dir, "settings.json")
	if err := os.WriteFile(settings, []byte(f.settings), 0o644); err != nil {
		return err
	}
	var err error
	i.server, err = served.Start(ctx, served.Options{Engine: "lsm-bptree", Dir: filepath.Join(i.dir, "store"), Args: []string{"--settings", settings}})
	if err == nil {
		i.client = served.NewClient(i.server.URL, j.KeySize, j.ValueSize, j.Threads)
	}
	return err
}

const meanOf = 50 // requests

// meanSeconds returns how long a request takes that is alone.
func (f *fleet) meanSeconds(ctx context.Context) (float64, error) {
	begin := time.Now()
	for i := range uint64(meanOf) {
		a, err := f.instances[0].client.Put(ctx, i)
		if err == nil && a.Status == http.StatusTooManyRequests {
			continue // an instance of few requests/s
		}
		if err := served.Expect(http.StatusNoContent)(a, err); err != nil {
			return 0, err
		}
	}
	return time.Since(begin).Seconds() / meanOf, nil
}

// lose kills the last instance. The balancer learns it from the first request that meets
// no answer.
func (f *fleet) lose() error {
	return f.instances[len(f.instances)-1].server.End(syscall.SIGKILL)
}

// put makes a request of an instance that is up. Where one meets no answer the balancer
// takes it for down, and another gets the request.
func (f *fleet) put(ctx context.Context, rng *rand.Rand, key uint64) (served.Answer, error) {
	for {
		i := f.pick(rng)
		if i == nil {
			return served.Answer{}, errors.New("no instance is up")
		}
		a, err := i.client.Put(ctx, key)
		if err == nil || ctx.Err() != nil {
			return a, err
		}
		i.down.Store(true)
	}
}

// pick returns the instance whose turn it is, or one by chance, of those that are up; nil
// if none is.
func (f *fleet) pick(rng *rand.Rand) *instance {
	up := make([]*instance, 0, len(f.instances))
	for _, i := range f.instances {
		if !i.down.Load() {
			up = append(up, i)
		}
	}
	switch {
	case len(up) == 0:
		return nil
	case f.random:
		return up[rng.IntN(len(up))]
	}
	return up[f.turn.Add(1)%uint64(len(up))]
}

// closeAfter ends all instances and removes their files. Its error joins err.
func (f *fleet) closeAfter(err error) error {
	for _, i := range f.instances {
		if i.client != nil {
			i.client.Close()
		}
		if i.server != nil {
			_ = i.server.End(syscall.SIGKILL) // which it cannot refuse
		}
		err = errors.Join(err, os.RemoveAll(i.dir))
	}
	return err
}
