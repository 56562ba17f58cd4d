// Package reload times how long a server takes to obey a settings file that was changed
// (kind "reload"). Contenders are ways to change the file.
//
// Each step changes the largest body that is allowed, and ends when a write is answered by
// the new limit. The server is asked all the time, by that write.
package reload

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/harness/studies/internal/served"
)

// contender is a way to change a file.
type contender struct {
	micro.Contender
	change func(file, text string) error
}

var contenders = []contender{
	{micro.Contender{Name: "written", Own: true, About: "the file is written over, as by an editor"}, func(file, text string) error {
		return os.WriteFile(file, []byte(text), 0o644)
	}},
	{micro.Contender{Name: "renamed", Own: true, About: "another file is renamed over it"}, func(file, text string) error {
		if err := os.WriteFile(file+".new", []byte(text), 0o644); err != nil {
			return err
		}
		return os.Rename(file+".new", file)
	}},
}

// Works.
const (
	idle   = "idle"
	loaded = "loaded"
)

// within is how soon the source says that settings are live.
const within = 3 * time.Second

// Kind returns ways to change settings as contenders of the kind "reload". Each thread of a
// job has a server of its own, whose clients beside work on as many keys as the job has.
func Kind() micro.Kind {
	k := micro.Kind{
		Name: "reload", About: "a server from the change of its settings file to the first answer by them", Measure: micro.Loop(prepare),
		KeySize: 16, ValueSize: 100,
		Works: []micro.Work{{Name: idle, About: "no other clients"}, {Name: loaded, About: "four clients read and write without a pause"}},
	}
	for _, c := range contenders {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	return k
}

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	c := contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.Name == j.Contender })]
	servers := make([]*reloaded, j.Threads)
	t := &micro.Task{Thread: func(i int) (_ micro.Step, err error) {
		dir := filepath.Join(j.Dir, fmt.Sprint(i))
		if servers[i], err = start(ctx, j, dir); err != nil {
			return nil, err
		}
		return func() error { return servers[i].reload(ctx, c) }, nil
	}}
	t.Figures = func(cell *result.Cell) error {
		var soon, changes, answers, failures int64
		for _, s := range servers {
			soon, changes, answers, failures = soon+s.soon, changes+s.changes, answers+s.answers.Load(), failures+s.failures.Load()
		}
		cell.Figures = map[string]float64{"live_within_3s_share": float64(soon) / float64(changes)}
		if j.Work == loaded {
			cell.Figures["answered_share"] = 1 - float64(failures)/float64(max(answers, 1))
		}
		return nil
	}
	t.Close = func() (err error) {
		for _, s := range servers {
			if s != nil {
				err = errors.Join(err, s.close())
			}
		}
		return err
	}
	return t, nil
}

// reloaded is a server whose settings change.
type reloaded struct {
	dir      string
	server   *served.Server
	client   *served.Client
	tight    bool // the limit is below the size of the values of asked
	changes  int64
	soon     int64 // changes that were live in time
	end      context.CancelFunc
	load     sync.WaitGroup
	answers  atomic.Int64 // to clients beside
	failures atomic.Int64 // of these: what no setting explains
}

// Limits of bodies, in bytes: below the values of a job, and above.
const (
	tightLimit = 1
	wideLimit  = 1 << 20
)

func settings(tight bool) string {
	limit := wideLimit
	if tight {
		limit = tightLimit
	}
	return fmt.Sprintf(`{"limits": {"body_bytes": %d}}`, limit)
}

func start(ctx context.Context, j micro.Job, dir string) (_ *reloaded, err error) {
	r := &reloaded{dir: dir, end: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(r.file(), []byte(settings(false)), 0o644); err != nil {
		return nil, err
	}
	r.server, err = served.Start(ctx, served.Options{Engine: "lsm-bptree", Dir: filepath.Join(dir, "store"), Args: []string{"--settings", r.file()}})
	if err != nil {
		return nil, err
	}
	r.client = served.NewClient(r.server.URL, j.KeySize, max(j.ValueSize, tightLimit+1), clients+1)
	if j.Work == loaded {
		ctx, r.end = context.WithCancel(ctx)
		for i := range clients {
			r.load.Go(func() { r.ask(ctx, uint64(i), uint64(max(j.Keys, 1))) })
		}
	}
	return r, nil
}

const clients = 4 // of a loaded server

func (r *reloaded) file() string { return filepath.Join(r.dir, "settings.json") }

// ask reads and writes until ctx ends. Writes that the limit refuses are no failures.
func (r *reloaded) ask(ctx context.Context, i, keys uint64) {
	for ; ctx.Err() == nil; i += clients {
		_, err := r.client.Get(ctx, i%keys)
		r.count(ctx, err == nil)
		a, err := r.client.Put(ctx, i%keys)
		r.count(ctx, err == nil && (a.Status == http.StatusNoContent || a.Status == http.StatusRequestEntityTooLarge))
	}
}

func (r *reloaded) count(ctx context.Context, good bool) {
	if ctx.Err() == nil {
		r.answers.Add(1)
		if !good {
			r.failures.Add(1)
		}
	}
}

// reload changes the settings and returns once they are live.
func (r *reloaded) reload(ctx context.Context, c contender) error {
	begin := time.Now()
	r.tight = !r.tight
	if err := c.change(r.file(), settings(r.tight)); err != nil {
		return err
	}
	want := http.StatusNoContent
	if r.tight {
		want = http.StatusRequestEntityTooLarge
	}
	for {
		a, err := r.client.Put(ctx, 0)
		if err != nil {
			return err
		}
		if a.Status == want {
			break
		}
		if time.Since(begin) > giveUp {
			return fmt.Errorf("the settings are not live after %v: status %d, want %d", giveUp, a.Status, want)
		}
	}
	r.changes++
	if time.Since(begin) <= within {
		r.soon++
	}
	return nil
}

const giveUp = time.Minute

// close ends the server and removes its files.
func (r *reloaded) close() error {
	r.end()
	r.load.Wait()
	if r.client != nil {
		r.client.Close()
	}
	if r.server != nil {
		_ = r.server.End(syscall.SIGKILL) // which it cannot refuse
	}
	return os.RemoveAll(r.dir)
}
