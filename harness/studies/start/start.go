// Package start times the start of a served store: from the start of the process to the
// first answer that says that the service is ready (kind "start"). Contenders are engines,
// each served by this program.
//
// The store is filled once, through a server, and every start finds a fresh copy of it.
// Making the copy, and ending the server that was ready, is charged to no start.
package start

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"lsmlab/harness/micro"
	"lsmlab/harness/studies/internal/served"
)

// Works: what the store is when the server starts.
const (
	empty  = "empty"
	closed = "closed"
	killed = "killed"
)

// Kind returns engines as contenders of the kind "start". Keys of a job are those of the
// store.
func Kind() micro.Kind {
	return micro.Kind{
		Name: "start", About: "a served store, from the start of the process to the first answer that it is ready", Measure: micro.Loop(prepare),
		KeySize: 16, ValueSize: 100,
		Contenders: []micro.Contender{
			{Name: "lsm-bptree", Own: true, About: "served by lsmlab serve"},
			{Name: "lsm-skiplist", Own: true, About: "served by lsmlab serve"},
			{Name: "lsm-rbtree", Own: true, About: "served by lsmlab serve"},
			{Name: "pebble", Module: "github.com/cockroachdb/pebble/v2", About: "served by lsmlab serve"},
			{Name: "bbolt", Module: "go.etcd.io/bbolt", About: "served by lsmlab serve"},
		},
		Works: []micro.Work{
			{Name: empty, About: "no store yet"},
			{Name: closed, About: "a store that was closed"},
			{Name: killed, About: "a store whose server was killed after the last write was acknowledged"},
		},
	}
}

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	master := filepath.Join(j.Dir, "master")
	if err := os.Mkdir(master, 0o755); err != nil {
		return nil, err
	}
	if j.Work != empty {
		if err := fill(ctx, master, j); err != nil {
			return nil, errors.Join(fmt.Errorf("fill the store: %w", err), os.RemoveAll(master))
		}
	}
	threads := make([]*thread, j.Threads)
	t := &micro.Task{Thread: func(i int) (micro.Step, error) {
		threads[i] = &thread{master: master, store: filepath.Join(j.Dir, fmt.Sprintf("store-%d", i))}
		return func() (err error) {
			threads[i].server, err = served.Start(ctx, served.Options{Engine: j.Contender, Dir: threads[i].store})
			return err
		}, nil
	}}
	t.Between = func(i int) error { return threads[i].renew() }
	t.Close = func() error {
		errs := []error{os.RemoveAll(master)}
		for _, one := range threads {
			if one != nil {
				one.stop()
				errs = append(errs, os.RemoveAll(one.store))
			}
		}
		return errors.Join(errs...)
	}
	return t, nil
}

// thread is a store and the server that is ready on it, if one is.
type thread struct {
	master, store string
	server        *served.Server
}

// renew ends the server and makes the store a copy of the master again.
func (t *thread) renew() error {
	t.stop()
	if err := os.RemoveAll(t.store); err != nil {
		return err
	}
	return os.CopyFS(t.store, os.DirFS(t.master))
}

func (t *thread) stop() {
	if t.server != nil {
		_ = t.server.End(syscall.SIGKILL) // which it cannot refuse
		t.server = nil
	}
}

// fill writes every key through a server, which is then closed or killed.
func fill(ctx context.Context, dir string, j micro.Job) error {
	s, err := served.Start(ctx, served.Options{Engine: j.Contender, Dir: dir})
	if err != nil {
		return err
	}
	signal := syscall.SIGTERM
	if j.Work == killed {
		signal = syscall.SIGKILL
	}
	c := served.NewClient(s.URL, j.KeySize, j.ValueSize, 1)
	defer c.Close()
	return errors.Join(c.Fill(ctx, j.Keys), s.End(signal))
}
