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
// came: the writes that have a begin, with the positions of begin and ack.
func (p *Program) History(begin, ack Position) *oracle.History {
	h, id := &oracle.History{}, 0
	var batch kv.Batch
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Kind != Write {
			continue
		}
		s.fill(&batch, id)
		w := oracle.Write{Writer: s.Writer, Batch: slices.Clone(batch.Bytes()), Rung: s.Rung, Ack: oracle.Never}
		var begun bool
		if w.Begin, begun = begin(id); begun {
			if at, ok := ack(id); ok {
				w.Ack = at
			}
			h.Writes = append(h.Writes, w)
		}
		id++
	}
	slices.SortStableFunc(h.Writes, func(a, b oracle.Write) int { return cmp.Compare(a.Begin, b.Begin) })
	return h
}

// What the marks of a recorded program begin with; the number of the write follows.
const (
	BeginMark = "begin "
	AckMark   = "ack "
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
	return p.History(at(BeginMark), at(AckMark)), p, nil
}
