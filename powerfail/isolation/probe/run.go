package probe

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/isolation"
)

// patience is how long a call may take until its session counts as one that waits for
// another. Only what a store does the first time is decided by it; see [New].
const patience = time.Second

// forever is how long a session may wait when nothing is left that it could wait for.
const forever = 30 * time.Second

// New returns a store to be probed, which must be empty. It finds out whether the store has one writer at a
// time: whether a second transaction that writes can begin beside the first.
func New(e kv.Engine, level kv.Isolation, d kv.Durability) (*Store, error) {
	t, ok := e.(kv.Transactor)
	if !ok {
		return nil, fmt.Errorf("it has no transactions: %w", kv.ErrUnsupported)
	}
	s := &Store{Engine: e, Transactor: t, Isolation: level, Durability: d}
	o := kv.TxnOptions{Isolation: level}
	first, err := t.Begin(o)
	if err != nil {
		return nil, err
	}
	began := make(chan error, 1)
	go func() {
		second, err := t.Begin(o)
		if err == nil {
			second.Discard()
		}
		began <- err
	}()
	select {
	case err = <-began:
		first.Discard()
	case <-time.After(patience):
		s.oneWriter = true
		first.Discard()
		err = <-began
	}
	return s, err
}

// stepwise runs a script step by step and returns what its sessions saw. At the end one
// more transaction reads all keys.
func (s *Store) stepwise(script *Script) ([]isolation.Txn, error) {
	r := stepwise{run: newRun(s, script)}
	for i := range script.sessions() {
		r.sessions = append(r.sessions, &session{client: client{run: r.run, number: i}, done: make(chan error, 1)})
	}
	err := r.all()
	return r.history, errors.Join(err, r.readAll(script.sessions()))
}

// parallel runs the sessions of a script beside each other, each as fast as it can, and
// returns what they saw. At the end one more transaction reads all keys.
func (s *Store) parallel(script *Script) ([]isolation.Txn, error) {
	r := newRun(s, script)
	errs := make([]error, script.sessions()+1)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range script.sessions() {
		all.Go(func() {
			<-start
			c := client{run: r, number: i}
			defer c.end(isolation.Aborted)
			for _, st := range script.Steps {
				if st.Session == i && errs[i] == nil {
					errs[i] = c.step(st)
				}
			}
		})
	}
	close(start)
	all.Wait()
	errs[len(errs)-1] = r.readAll(script.sessions())
	return r.history, errors.Join(errs...)
}

// readAll reads all keys in one transaction, so that the order of all versions is known.
func (r *run) readAll(number int) error {
	c := client{run: r, number: number}
	steps := []Step{{Verb: BeginRO}}
	for _, k := range r.keys {
		steps = append(steps, Step{Verb: Read, Key: k})
	}
	for _, st := range append(steps, Step{Verb: Commit}) {
		st.Session = number
		if err := c.step(st); err != nil {
			c.end(isolation.Aborted)
			return err
		}
	}
	return nil
}

// stepwise makes the steps of a script one after the other.
type stepwise struct {
	*run

	sessions []*session
	waiting  []*session // those that wait for another, in the order in which they began to
}

// session is a client that may have to wait.
type session struct {
	client

	done   chan error // has the result of the call that waits
	called bool       // the call was made, and has not returned
	missed []Step     // steps to make up for; the first is the one that waits, unless it was called
}

func (r *stepwise) all() error {
	defer r.endAll()
	for _, st := range r.script.Steps {
		s := r.sessions[st.Session]
		if s.waits() {
			s.missed = append(s.missed, st)
			continue
		}
		if err := r.make(s, st); err != nil {
			return err
		}
	}
	for len(r.waiting) > 0 {
		before := len(r.waiting)
		if err := r.resume(forever); err != nil {
			return err
		}
		if len(r.waiting) == before {
			return fmt.Errorf("%s: session %d waits, and nothing is left to wait for", r.script.Name, r.waiting[0].number)
		}
	}
	return nil
}

func (s *session) waits() bool { return s.called || len(s.missed) > 0 }

// make makes a step of a session that does not wait, and lets others go on if it ended
// what they wait for.
func (r *stepwise) make(s *session, st Step) error {
	if (st.Verb == Begin || st.Verb == Plain) && r.store.oneWriter && r.writes() {
		s.missed = append(s.missed, st)
		r.waiting = append(r.waiting, s)
		return nil
	}
	s.called, s.alone = true, len(r.waiting) == 0 // of those that wait a call may return
	s.waited.Store(false)
	go func() { s.done <- s.step(st) }()
	returned, err := s.await(patience)
	switch {
	case !returned:
		s.waited.Store(true)
		r.waiting = append(r.waiting, s)
		return nil
	case err == nil && s.txn == nil && len(r.waiting) > 0:
		return r.resume(patience)
	}
	return err
}

// await waits for the call that a session made.
func (s *session) await(atMost time.Duration) (returned bool, err error) {
	select {
	case err := <-s.done:
		s.called = false
		return true, err
	case <-time.After(atMost):
		return false, nil
	}
}

// writes says whether a transaction that writes is open.
func (r *stepwise) writes() bool {
	for _, s := range r.sessions {
		if s.called || s.txn != nil && !s.reads {
			return true
		}
	}
	return false
}

// resume lets the first session that can go on make the steps that it missed.
func (r *stepwise) resume(atMost time.Duration) error {
	for i, s := range r.waiting {
		if s.called {
			returned, err := s.await(atMost)
			if err != nil {
				return err
			}
			if !returned {
				continue
			}
		} else if r.writes() {
			continue
		}
		r.waiting = append(r.waiting[:i:i], r.waiting[i+1:]...)
		steps := s.missed
		for s.missed = nil; len(steps) > 0 && !s.waits(); steps = steps[1:] {
			if err := r.make(s, steps[0]); err != nil {
				return err
			}
		}
		s.missed = append(s.missed, steps...)
		return nil
	}
	return nil
}

// endAll ends what is open. A session whose call never returns is left alone.
func (r *stepwise) endAll() {
	for _, s := range r.sessions {
		if !s.called {
			s.end(isolation.Aborted)
		}
	}
}
