package program

import (
	"cmp"
	"slices"
	"strconv"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/oracle"
)

// Position looks up where in a tier's log something is said of a write.
type Position func(id int) (position int64, ok bool)

// History returns what a run of the program asked of an empty store, as far as it
// came: the writes that have a begin, with the positions of begin and ack, and whether
// they have an abort.
func (p *Program) History(begin, ack, abort Position) *oracle.History {
	h := &oracle.History{}
	p.writes(func(id int, s *Step, b *kv.Batch) {
		w := oracle.Write{Writer: s.Writer, Batch: slices.Clone(b.Bytes()), Durability: s.Durability, Ack: oracle.Never}
		var begun bool
		if w.Begin, begun = begin(id); !begun {
			return
		}
		if at, ok := ack(id); ok {
			w.Ack = at
		}
		_, w.Aborted = abort(id)
		h.Writes = append(h.Writes, w)
	})
	slices.SortStableFunc(h.Writes, func(a, b oracle.Write) int { return cmp.Compare(a.Begin, b.Begin) })
	return h
}

// writes yields each batch with its number and its step: plain writes, and what
// transactions wrote until their end.
func (p *Program) writes(yield func(id int, s *Step, b *kv.Batch)) {
	type open struct {
		id     int
		writer int
		batch  kv.Batch
	}
	txns, id := map[int]*open{}, 0
	end := func(s *Step) {
		if t := txns[s.Txn]; t != nil && t.batch.Len() > 0 {
			yield(t.id, s, &t.batch)
		}
		delete(txns, s.Txn)
	}
	discardAll := func() {
		for n, t := range txns {
			end(&Step{Kind: Discard, Writer: t.writer, Txn: n})
		}
	}
	var batch kv.Batch
	for i := range p.Steps {
		switch s := &p.Steps[i]; s.Kind {
		case Write:
			s.fill(&batch, id)
			yield(id, s, &batch)
		case Begin:
			end(&Step{Kind: Discard, Writer: s.Writer, Txn: s.Txn})
			txns[s.Txn] = &open{id: id, writer: s.Writer}
		case TxnWrite:
			if t := txns[s.Txn]; t != nil {
				addOps(&t.batch, t.id, s.Ops)
			}
		case Commit, Discard:
			end(s)
		case Reopen:
			discardAll()
		}
		if p.Steps[i].numbered() {
			id++
		}
	}
	discardAll()
}

// What the marks of a recorded program begin with; the number of the write follows.
const (
	BeginMark = "begin "
	AckMark   = "ack "
	AbortMark = "abort " // a transaction that was discarded, or met a conflict
)

// Recorded returns the program of a text and what a recorded run of it asked and was
// promised. find returns the position of a mark.
func Recorded(text string, find func(mark string) (position int64, ok bool)) (*oracle.History, *Program, error) {
	p, err := Parse(text)
	if err != nil {
		return nil, nil, err
	}
	at := func(prefix string) Position {
		return func(id int) (int64, bool) { return find(prefix + strconv.Itoa(id)) }
	}
	return p.History(at(BeginMark), at(AckMark), at(AbortMark)), p, nil
}
