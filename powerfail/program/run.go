package program

import (
	"errors"
	"slices"
	"sync"

	"lsmlab/engines/kv"
)

// Runner runs a program on a store. Begin and Ack are told of every write, from
// the goroutine that does it; each may be nil.
type Runner struct {
	Open func() (kv.Engine, error)
	// Begin is called before write number id of the program, from 0 on. The batch
	// is valid during the call.
	Begin func(id int, s *Step, b *kv.Batch)
	// Ack is called when the write has returned without an error.
	Ack func(id int)
	// Abort is called in place of Ack once a transaction that wrote was discarded, or met
	// a conflict. Begin is called right before its end.
	Abort func(id int)
	// Refused, if not nil, has the program go on after what the engine refuses for now
	// (kv.ErrExhausted): it is called in place of Ack, and told whether reads see the
	// write. Other steps that are refused are passed over, and an opening is tried again.
	Refused func(id int, there bool)

	engine kv.Engine
	alone  bool // one writer: settle after each step
	lanes  []lane
}

// Run opens the store, runs the program and closes the store. A writer stops at
// its first failed write. All errors met are returned; what was acknowledged
// counts also with an error.
func (r *Runner) Run(p *Program) error {
	r.alone = p.Writers() == 1
	r.lanes = make([]lane, p.Writers())
	judged := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind == Begin })
	id := 0
	for rest := p.Steps; ; {
		n := 0
		for n < len(rest) && rest[n].Kind != Reopen {
			n++
		}
		err := r.session(rest[:n], judged, &id)
		if err != nil || n == len(rest) {
			return err
		}
		rest = rest[n+1:]
	}
}

// openings is how often an opening that is refused for now is tried.
const openings = 20

// passes says whether the program goes on after err.
func (r *Runner) passes(err error) bool {
	return r.Refused != nil && errors.Is(err, kv.ErrExhausted)
}

// session opens the store, runs the steps and closes the store. judged says that reads are
// judged, as they are in a program with transactions. id is the number of the next write.
func (r *Runner) session(steps []Step, judged bool, id *int) (err error) {
	for range openings {
		if r.engine, err = r.Open(); !r.passes(err) {
			break
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.engine.Close()) }()
	if judged && r.lanes[0].now == nil {
		if err := r.learn(); err != nil {
			return err
		}
	}
	first := *id
	for i := range steps {
		if steps[i].numbered() {
			*id++
		}
	}
	if r.alone {
		return r.write(steps, 0, first)
	}
	errs := make([]error, len(r.lanes))
	var wg sync.WaitGroup
	for w := range r.lanes {
		wg.Go(func() { errs[w] = r.write(steps, w, first) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// write runs the steps of one writer.
func (r *Runner) write(steps []Step, writer, id int) error {
	l := &r.lanes[writer]
	defer l.drop()
	if err := r.settle(); err != nil && !r.passes(err) {
		return err
	}
	var batch kv.Batch
	for i := range steps {
		s, number := &steps[i], id
		if s.numbered() {
			id++
		}
		if s.Writer != writer {
			continue
		}
		for _, do := range []func() error{func() error { return r.step(l, s, &batch, number) }, r.settle} {
			if err := do(); err != nil && !r.passes(err) {
				return err
			}
		}
	}
	return r.discardAll(l)
}

func (r *Runner) step(l *lane, s *Step, batch *kv.Batch, id int) error {
	switch s.Kind {
	case Flush:
		if f, ok := r.engine.(kv.Flusher); ok {
			return f.Flush()
		}
		return nil
	case Compact:
		if c, ok := r.engine.(kv.Compacter); ok {
			return c.Compact()
		}
		return nil
	case Write:
		s.fill(batch, id)
		return r.attempt(l, id, s, batch, func() error { return r.apply(batch, s.Durability) })
	}
	return r.txnStep(l, s, id)
}

// attempt does what may make a batch part of the store, and tells what came of it.
func (r *Runner) attempt(l *lane, id int, s *Step, batch *kv.Batch, do func() error) error {
	if r.Begin != nil {
		r.Begin(id, s, batch)
	}
	err := do()
	switch {
	case r.passes(err):
		there, err := r.there(batch)
		if err != nil {
			return err
		}
		r.Refused(id, there)
		l.refused(batch, there)
		return nil
	case errors.Is(err, errAborted):
		if r.Abort != nil {
			r.Abort(id)
		}
		return nil
	case err != nil:
		return err
	}
	if r.Ack != nil {
		r.Ack(id)
	}
	l.applied(batch)
	return nil
}

// apply applies a batch at a durability level, or, where the engine does not give it, at the
// next stronger one.
func (r *Runner) apply(batch *kv.Batch, d kv.Durability) error {
	err := r.engine.Apply(batch, d)
	for errors.Is(err, kv.ErrUnsupported) && d < kv.Synced {
		d++
		err = r.engine.Apply(batch, d)
	}
	return err
}

// there looks whether a write that failed is there. One that changes nothing may be taken
// for either.
func (r *Runner) there(batch *kv.Batch) (there bool, err error) {
	want := map[string]*string{} // nil: deleted
	ops := batch.Ops()
	for ops.Next() {
		switch ops.Kind {
		case kv.OpSet:
			value := string(ops.Value)
			want[string(ops.Key)] = &value
		case kv.OpDelete:
			want[string(ops.Key)] = nil
		case kv.OpDeleteRange:
			if err := r.wantNone(want, ops.Key, ops.Value); err != nil {
				return false, err
			}
		}
	}
	there = true
	for key, value := range want {
		found, err := r.engine.Get(nil, []byte(key))
		switch {
		case errors.Is(err, kv.ErrNotFound):
			there = there && value == nil
		case err != nil:
			return false, err
		default:
			there = there && value != nil && *value == string(found)
		}
	}
	return there, nil
}

// wantNone has want say that no key of [lower, upper) is there: none of want, and none of the
// store.
func (r *Runner) wantNone(want map[string]*string, lower, upper []byte) error {
	gone := rangeOf(lower, upper)
	for key := range want {
		if gone.has(key) {
			want[key] = nil
		}
	}
	it := r.engine.Scan(lower, upper)
	for ok := it.First(); ok; ok = it.Next() {
		want[string(it.Key())] = nil
	}
	return it.Close()
}

// settle waits for background work, so that operations follow each other in the
// same order every time.
func (r *Runner) settle() error {
	if s, ok := r.engine.(kv.Settler); ok && r.alone {
		return s.Settle()
	}
	return nil
}
