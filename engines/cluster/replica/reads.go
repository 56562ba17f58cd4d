package replica

import (
	"encoding/binary"
	"time"

	"lsmlab/engines/cluster/consensus"
)

// reads are those that were asked for and not served. One request for an index is under
// way at a time, for all reads that waited when it was made; those that come meanwhile
// wait for the next. A request that is not answered is repeated under the same context,
// as etcd does.
type reads struct {
	waiting   []uint64
	asked     []uint64
	context   []byte        // of those asked; nil if none are
	since     time.Duration // when it was asked for the first time, by Options.Clock
	term      uint64        // then
	ticks     int           // since it was asked last
	confirmed []confirmed
}

type confirmed struct {
	index uint64
	ids   []uint64
}

// Read asks for a read of the state, which must hold all that was acknowledged before the
// call. Once the returned id is in [Output.Reads], [Replica.State] may be read. That it
// never is there can happen only while there is no majority.
func (r *Replica) Read() (id uint64) {
	id = r.newID()
	if r.lease.Confirms(r.term) {
		r.reads.confirmed = append(r.reads.confirmed, confirmed{r.lease.commit.Load(), []uint64{id}})
		r.serve()
		return id
	}
	r.reads.waiting = append(r.reads.waiting, id)
	r.ask()
	r.advance()
	return id
}

// ask asks for the reads that wait, unless a request is under way.
func (r *Replica) ask() {
	q := &r.reads
	if q.context == nil && len(q.waiting) > 0 {
		r.request()
	}
}

// request asks for an index, for the reads that wait, if there are any.
func (r *Replica) request() {
	q := &r.reads
	q.asked, q.waiting, q.term = q.waiting, nil, r.term
	if r.o.Clock != nil {
		q.since = r.o.Clock.Now()
	}
	q.context = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, r.o.ID), r.newID())
	q.ticks = 0
	r.core.ReadIndex(q.context)
}

// again has the request repeated at the next tick: whoever knew of it may lead no more.
func (q *reads) again() { q.ticks = 1 << 20 }

// retryReads is called at each tick.
func (r *Replica) retryReads() {
	q := &r.reads
	if q.context == nil {
		return
	}
	if q.ticks++; q.ticks >= r.o.RetryTicks {
		q.ticks = 0
		r.core.ReadIndex(q.context)
	}
}

// confirm takes an answer.
func (r *Replica) confirm(s *consensus.ReadState) {
	q := &r.reads
	if q.context == nil || string(s.Context) != string(q.context) {
		return // of a request that was repeated
	}
	r.extendLease(q.term, q.since)
	q.confirmed = append(q.confirmed, confirmed{s.Index, q.asked})
	q.context, q.asked = nil, nil
	r.serve()
	r.ask()
}

// serve lets go the reads whose index is applied.
func (r *Replica) serve() {
	q := &r.reads
	for len(q.confirmed) > 0 && q.confirmed[0].index <= r.log.applied.Index {
		r.out.Reads = append(r.out.Reads, q.confirmed[0].ids...)
		q.confirmed = q.confirmed[1:]
	}
}
