package replica

import (
	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/kv"
)

// Queue is one of the two queues of work on a store.
type Queue uint8

// The queues. The works of one are done in order, those of different ones in any order
// or at the same time.
const (
	Log Queue = iota
	Apply
)

// Work is something to do on the store. After [Work.Do] returned without an error its
// replica is told by [Replica.Done]; after an error the replica is used no more, and what
// the store holds is what is found when it is opened again.
type Work struct {
	Queue Queue

	store kv.Engine
	batch *kv.Batch // of Log
	level kv.Durability
	do    func() error // of Apply
	done  func()
}

// Do does the work. It may run in any goroutine.
func (w *Work) Do() error {
	if w.do != nil {
		return w.do()
	}
	return w.store.Apply(w.batch, w.level)
}

// Done takes note that work was done.
func (r *Replica) Done(w *Work) {
	if w.Queue == Log {
		r.logWork--
	} else {
		r.stateWork--
	}
	w.done()
	if r.install != nil && r.stateWork == 0 {
		a := r.install
		r.install = nil
		r.startInstall(a)
	}
	r.advance()
}

func (r *Replica) later(w *Work) {
	if w.Queue == Log {
		r.logWork++
	} else {
		r.stateWork++
	}
	r.out.Work = append(r.out.Work, w)
}

// append writes to the log. What needs no write and waits for none is done at once.
func (r *Replica) append(a *consensus.Append) {
	if h := a.HardState; h != nil {
		if h.Term != r.term || h.Vote != r.vote {
			r.restartTimer()
		}
		r.term, r.vote = h.Term, h.Vote
		r.lease.commit.Store(h.Commit)
	}
	r.place(a.Entries)
	if a.Snapshot != nil {
		r.installing = true
		if r.stateWork > 0 {
			r.install = a
		} else {
			r.startInstall(a)
		}
		return
	}
	w := &Work{Queue: Log, store: r.o.Store, level: r.o.Log}
	w.batch = r.log.write(a)
	w.done = func() {
		r.log.appended(a)
		r.finish(a)
	}
	if w.batch == nil && r.logWork == 0 {
		w.done()
		return
	}
	if w.batch == nil {
		w.do = func() error { return nil }
	}
	r.later(w)
}

// finish lets go what waited for a write to the log.
func (r *Replica) finish(a *consensus.Append) {
	for _, m := range a.Messages {
		r.send(m)
	}
	r.core.Appended(a)
}

// apply applies committed entries to the state.
func (r *Replica) apply(a *consensus.Apply) {
	last := &a.Entries[len(a.Entries)-1]
	point := consensus.Point{Index: last.Index, Term: last.Term, Members: r.log.members}
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Kind == consensus.Normal {
			continue
		}
		members, err := r.core.ApplyChange(*e)
		if err != nil {
			panic(err) // an entry that a majority has in its log
		}
		point.Members = members
	}
	r.log.members = point.Members
	r.later(&Work{
		Queue: Apply,
		do: func() error {
			err := r.state.apply(a.Entries, point, r.o.State)
			if err == nil {
				r.lease.applied.Store(point.Index)
			}
			return err
		},
		done: func() {
			r.log.applied = point
			for i := range a.Entries {
				r.decide(&a.Entries[i])
			}
			r.log.truncate(&r.o)
			r.core.Applied(a)
			r.serve()
		},
	})
}
