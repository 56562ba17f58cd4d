package replica

import (
	"errors"
	"maps"
	"slices"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/kv"
)

// send is a snapshot on its way to one member: chunks of the keys of the area in use, each
// sent until it is acknowledged. The last one brings the library's message, which has the
// point of the state that was read, and not an earlier one as when the library made it.
type send struct {
	id    uint64
	snap  kv.Snapshot
	it    kv.Iterator
	more  bool // the iterator stands on an entry
	chunk *Chunk
	final *consensus.Message
	ticks int // since the chunk was sent
	tries int // of the chunk
}

// Chunk is a part of a snapshot.
type Chunk struct {
	Stream uint64 // of its sender
	Number uint64 // in its stream, from 0
	Keys   []byte // an encoded batch of stored keys, without the byte of their area
	Final  *consensus.Message
}

// ChunkAck says that a chunk, and all before it, arrived.
type ChunkAck struct {
	Stream, Number uint64
}

// chunkTries is how often a chunk is sent before the transfer is given up.
const chunkTries = 10

// sendSnapshot begins a transfer, unless one to the same member is under way.
func (r *Replica) sendSnapshot(m *consensus.Message) {
	if r.sends[m.To] != nil {
		return
	}
	s, err := r.openSend(m)
	if err != nil {
		r.core.ReportSnapshot(m.To, false)
		return
	}
	r.sends[m.To] = s
	r.nextChunk(m.To, s)
}

func (r *Replica) openSend(m *consensus.Message) (*send, error) {
	snap, err := r.o.Store.Snapshot()
	if err != nil {
		return nil, err
	}
	area, point, err := loadPoint(snap)
	if err != nil {
		return nil, errors.Join(err, snap.Close())
	}
	final := *m
	final.Snapshot = &point
	s := &send{id: r.newID(), snap: snap, final: &final, it: snap.Scan([]byte{area}, []byte{area + 1})}
	s.more = s.it.First()
	return s, nil
}

// nextChunk makes the next chunk and sends it.
func (r *Replica) nextChunk(to uint64, s *send) {
	c := &Chunk{Stream: s.id}
	if s.chunk != nil {
		c.Number = s.chunk.Number + 1
	}
	b := &kv.Batch{}
	for s.more && (b.Len() == 0 || len(b.Bytes())+len(s.it.Key())+len(s.it.Value()) <= r.o.ChunkBytes) {
		b.Set(s.it.Key()[1:], s.it.Value())
		s.more = s.it.Next()
	}
	c.Keys = b.Bytes()
	if !s.more {
		if s.it.Close() != nil { // it ended early
			r.endSend(to, s, false)
			return
		}
		c.Final = s.final
	}
	s.chunk, s.tries = c, 0
	r.sendChunk(to, s)
}

func (r *Replica) sendChunk(to uint64, s *send) {
	s.ticks = 0
	s.tries++
	r.out.Messages = append(r.out.Messages, Message{To: to, From: r.o.ID, Chunk: s.chunk})
}

// receiveAck goes on with a transfer.
func (r *Replica) receiveAck(m *Message) {
	s := r.sends[m.From]
	if s == nil || m.Ack.Stream != s.id || m.Ack.Number != s.chunk.Number {
		return
	}
	if s.chunk.Final != nil {
		r.endSend(m.From, s, true)
		return
	}
	r.nextChunk(m.From, s)
}

// endSend ends a transfer.
func (r *Replica) endSend(to uint64, s *send, arrived bool) {
	delete(r.sends, to)
	s.close()
	r.core.ReportSnapshot(to, arrived)
}

func (s *send) close() { _ = errors.Join(s.it.Close(), s.snap.Close()) } // it was read, or is given up

// retryChunks is called at each tick.
func (r *Replica) retryChunks() {
	for _, to := range slices.Sorted(maps.Keys(r.sends)) {
		s := r.sends[to]
		if s.ticks++; s.ticks < r.o.RetryTicks {
			continue
		}
		if s.tries >= chunkTries {
			r.endSend(to, s, false)
			continue
		}
		r.sendChunk(to, s)
	}
}
