package mvccgc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"lsmlab/engines/kv"
)

// readers are those that read beside the writers of a cell.
type readers struct {
	work  work
	all   []*reader
	quit  chan struct{} // closed: they stop
	group sync.WaitGroup
	stop  func() error // waits until none reads any more, and returns what failed
}

// reader is used by one goroutine at a time.
type reader struct {
	store   *store
	rng     *rand.Rand
	view    kv.Txn // at an LSN; nil if none is open
	lsn     uint64
	key     []byte
	value   []byte
	answers []answer
	refused int // reads that met kv.ErrSnapshotTooOld
}

// startReaders begins the readers of a work. They read until stop; what they then have open
// stays open until end. It returns readers also with an error.
func (s *store) startReaders(w work, seed uint64) (*readers, error) {
	all := &readers{work: w, quit: make(chan struct{}), stop: func() error { return nil }}
	for i := range w.readers {
		all.all = append(all.all, &reader{store: s, rng: rand.New(rand.NewPCG(seed, uint64(i)))})
	}
	if err := all.begin(); err != nil || w.run == nil {
		return all, err
	}
	errs := make([]error, len(all.all))
	for i, r := range all.all {
		all.group.Go(func() { errs[i] = w.run(r, all.quit) })
	}
	all.stop = sync.OnceValue(func() error {
		close(all.quit)
		all.group.Wait()
		return errors.Join(errs...)
	})
	return all, nil
}

// begin opens a view of the newest state for each of them that holds one.
func (r *readers) begin() error {
	for _, one := range r.all {
		if !r.work.past {
			if err := one.begin(); err != nil {
				return err
			}
		}
	}
	return nil
}

// end ends what is open. The readers have stopped.
func (r *readers) end() {
	for _, one := range r.all {
		one.end()
	}
}

// pins returns the LSNs of the states that are needed. The readers have stopped.
func (r *readers) pins() (lsns []uint64) {
	for _, one := range r.all {
		if one.view != nil && !r.work.crashed {
			lsns = append(lsns, one.lsn)
		}
	}
	return lsns
}

// answers returns what all of them read. The readers have stopped.
func (r *readers) answers() (all []answer, refused int) {
	for _, one := range r.all {
		all, refused = append(all, one.answers...), refused+one.refused
	}
	return all, refused
}

// begin opens a view of the newest state.
func (r *reader) begin() (err error) {
	r.view, err = r.store.engine.Begin(kv.TxnOptions{Isolation: kv.SnapshotIsolation, ReadOnly: true})
	if err == nil {
		r.lsn = r.view.(kv.LSNTxn).ReadLSN()
	}
	return err
}

func (r *reader) end() {
	if r.view != nil {
		r.view.Discard()
		r.view = nil
	}
}

// get reads a random key in the state of an LSN and notes the answer.
func (r *reader) get(view kv.Reader, lsn uint64) (err error) {
	key := r.rng.Uint32N(r.store.keys)
	r.key = r.store.style.Append(r.key[:0], uint64(key))
	r.value, err = view.Get(r.value[:0], r.key)
	switch {
	case errors.Is(err, kv.ErrSnapshotTooOld):
		r.refused++
		return nil
	case err != nil:
		return fmt.Errorf("read at LSN %d: %w", lsn, err)
	}
	r.answers = append(r.answers, answer{lsn, key, uint32(binary.LittleEndian.Uint64(r.value))})
	return nil
}

const (
	readEvery   = time.Millisecond       // of a reader of one state
	shortReads  = 100 * time.Millisecond // how long a short one is open
	rememberFor = 10 * time.Millisecond
)

// readOn reads in the state that is open.
func (r *reader) readOn(stop <-chan struct{}) error {
	return every(readEvery, stop, func() error { return r.get(r.view, r.lsn) })
}

// readAnew reads in the state that is open for some time, then in the newest one.
func (r *reader) readAnew(stop <-chan struct{}) error {
	return every(shortReads, stop, func() error {
		if err := r.get(r.view, r.lsn); err != nil {
			return err
		}
		r.end()
		if err := r.begin(); err != nil {
			return err
		}
		return r.get(r.view, r.lsn)
	})
}

// readPast remembers the newest LSN, and reads in its state some time later.
func (r *reader) readPast(stop <-chan struct{}) error {
	r.lsn = r.store.engine.LSN()
	return every(rememberFor, stop, func() error {
		view, err := r.store.engine.SnapshotAt(r.lsn)
		switch {
		case errors.Is(err, kv.ErrSnapshotTooOld):
			r.refused++
		case err != nil:
			return fmt.Errorf("LSN %d: %w", r.lsn, err)
		default:
			if err := errors.Join(r.get(view, r.lsn), view.Close()); err != nil {
				return err
			}
		}
		r.lsn = r.store.engine.LSN()
		return nil
	})
}

// every calls do after each interval until stop is closed, and then once more, so that every
// reader reads in the shortest cell; or until do fails.
func every(interval time.Duration, stop <-chan struct{}, do func() error) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return do()
		case <-tick.C:
			if err := do(); err != nil {
				return err
			}
		}
	}
}
