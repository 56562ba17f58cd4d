package replica

import (
	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/kv"
)

// A snapshot arrives in chunks, which are written to the area of the store that is not in
// use. When the last one is there the library is told; it wants the snapshot installed,
// unless it has heard of later entries meanwhile. Installing is one batch: it puts the
// other area in use, and empties the log. The old area is emptied afterwards.

// stage is a snapshot that arrives.
type stage struct {
	from, stream uint64
	next         uint64 // number of the chunk that is to come
	busy         bool   // it is being written
}

// receiveChunk takes a chunk, or acknowledges again one that it has.
func (r *Replica) receiveChunk(m *Message) {
	c, s := m.Chunk, r.stage
	if r.installing {
		return
	}
	if same := s != nil && s.from == m.From; c.Number == 0 && (!same || c.Stream > s.stream) {
		s = &stage{from: m.From, stream: c.Stream}
		r.stage = s
	}
	switch {
	case s == nil || s.from != m.From || s.stream != c.Stream || s.busy || c.Number > s.next:
	case c.Number < s.next:
		r.ackChunk(s, c.Number)
	default:
		s.busy = true
		r.later(&Work{
			Queue: Apply,
			do:    func() error { return writeChunk(r.o.Store, r.state.other(), c, r.o.State) },
			done:  func() { r.chunkWritten(s, c) },
		})
	}
}

func (r *Replica) ackChunk(s *stage, number uint64) {
	r.out.Messages = append(r.out.Messages, Message{To: s.from, From: r.o.ID, Ack: &ChunkAck{s.stream, number}})
}

func (r *Replica) chunkWritten(s *stage, c *Chunk) {
	if r.stage != s {
		return // another stream has begun, whose first chunk empties the area
	}
	s.busy = false
	s.next++
	r.ackChunk(s, c.Number)
	if c.Final == nil {
		return
	}
	r.stage = nil
	_ = r.core.Step(c.Final) // an error says that it is ignored
	r.advance()
	r.heard(c.Final)
	if !r.installing {
		r.wipe()
	}
}

// writeChunk writes a chunk to an area, which the first one empties.
func writeChunk(store kv.Engine, area byte, c *Chunk, level kv.Durability) error {
	if c.Number == 0 {
		if err := wipe(store, area, level); err != nil {
			return err
		}
	}
	b := &kv.Batch{}
	ops := kv.ReadOps(c.Keys)
	for ops.Next() {
		b.Set(inArea(area, ops.Key), ops.Value)
	}
	if err := ops.Err(); err != nil {
		return err
	}
	return store.Apply(b, level)
}

// wipe empties the area that is not in use.
func (r *Replica) wipe() {
	area := r.state.other()
	r.later(&Work{
		Queue: Apply,
		do:    func() error { return wipe(r.o.Store, area, r.o.State) },
		done:  func() {},
	})
}

// startInstall replaces state and log by the snapshot that has arrived. No work on the
// state is under way.
func (r *Replica) startInstall(a *consensus.Append) {
	area := r.state.other()
	w := &Work{Queue: Log, store: r.o.Store, level: r.o.Log, batch: r.log.writeSnapshot(a)}
	putPoint(w.batch, area, a.Snapshot)
	w.done = func() {
		r.log.installed(a)
		r.state.use(area)
		r.lease.applied.Store(a.Snapshot.Index)
		r.installing = false
		r.decideUnknown(a.Snapshot.Index)
		r.finish(a)
		r.serve()
		r.wipe()
	}
	r.later(w)
}

// writeSnapshot returns the batch that makes the log begin behind a snapshot.
func (l *log) writeSnapshot(a *consensus.Append) *kv.Batch {
	b := &kv.Batch{}
	s := &l.stored
	l.delete(b, s.before.index+1, s.last)
	s.before = place{a.Snapshot.Index, a.Snapshot.Term}
	s.last = s.before.index
	putBefore(b, s.before)
	if h := a.HardState; h != nil {
		s.term, s.vote = h.Term, h.Vote
		putHardState(b, h)
	}
	if len(a.Entries) > 0 {
		l.writeEntries(b, a.Entries)
	}
	return b
}

// installed takes note of a snapshot that is durable.
func (l *log) installed(a *consensus.Append) {
	l.before, l.entries, l.bytes = place{a.Snapshot.Index, a.Snapshot.Term}, nil, 0
	l.applied, l.members = *a.Snapshot, a.Snapshot.Members
	l.appended(a)
}
