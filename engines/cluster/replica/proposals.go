package replica

import (
	"encoding/binary"

	"lsmlab/engines/cluster/consensus"
)

// An entry of the log holds
//
//	| member 8 | id 8 | batch |
//
// where member and id say who proposed it: the batch is that of kv.Batch. Part of the
// disk format.
const headerSize = 16

// Outcome is what became of a proposal.
type Outcome uint8

// The outcomes.
const (
	Committed  Outcome = iota // and applied
	Superseded                // it never was and will never be committed
	Unknown                   // the member was so far behind that it cannot tell
)

// Result is the outcome of a proposal.
type Result struct {
	ID      uint64
	Outcome Outcome
}

// proposals are those that this member took and that are not decided. Their places in the
// log rise, as a member proposes only while it leads.
type proposals struct {
	open []proposal
}

type proposal struct {
	id          uint64
	index, term uint64 // of its place in the log; 0 until it is known
}

// Propose proposes batches in their encoding, of which nothing is kept, and returns their
// ids, for [Output.Results]. A member that does not lead refuses with
// [consensus.ErrDropped]: none was proposed then.
func (r *Replica) Propose(batches ...[]byte) (ids []uint64, err error) {
	data := make([][]byte, len(batches))
	for i, b := range batches {
		id := r.newID()
		ids = append(ids, id)
		d := binary.BigEndian.AppendUint64(make([]byte, 0, headerSize+len(b)), r.o.ID)
		data[i] = append(binary.BigEndian.AppendUint64(d, id), b...)
	}
	if err = r.core.Propose(data...); err == nil {
		for _, id := range ids {
			r.proposals.open = append(r.proposals.open, proposal{id: id})
		}
	}
	r.advance()
	return ids, err
}

// own returns the id of an entry that this member proposed, or 0.
func (r *Replica) own(e *consensus.Entry) uint64 {
	if e.Kind != consensus.Normal || len(e.Data) < headerSize || binary.BigEndian.Uint64(e.Data) != r.o.ID {
		return 0
	}
	return binary.BigEndian.Uint64(e.Data[8:])
}

// place notes the places of proposals among entries that are about to be written.
func (r *Replica) place(entries []consensus.Entry) {
	open := r.proposals.open
	for i := range entries {
		id := r.own(&entries[i])
		if id == 0 {
			continue
		}
		for j := len(open) - 1; j >= 0 && open[j].index == 0; j-- {
			if open[j].id == id {
				open[j].index, open[j].term = entries[i].Index, entries[i].Term
			}
		}
	}
}

// decide takes note of an entry that was applied. Terms rise along a log: so what has a
// place behind an entry of a later term than its own is superseded too.
func (r *Replica) decide(e *consensus.Entry) {
	id := r.own(e)
	for open := r.proposals.open; len(open) > 0 && open[0].index != 0 && (open[0].index <= e.Index || open[0].term < e.Term); open = r.proposals.open {
		outcome := Superseded
		if open[0].id == id {
			outcome = Committed
		}
		r.out.Results = append(r.out.Results, Result{open[0].id, outcome})
		r.proposals.open = open[1:]
	}
}

// decideUnknown gives up on proposals up to an index, which a snapshot has skipped.
func (r *Replica) decideUnknown(index uint64) {
	for open := r.proposals.open; len(open) > 0 && open[0].index != 0 && open[0].index <= index; open = r.proposals.open {
		r.out.Results = append(r.out.Results, Result{open[0].id, Unknown})
		r.proposals.open = open[1:]
	}
}
