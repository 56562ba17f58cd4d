package program

import (
	"math/rand/v2"
	"slices"

	"lsmlab/engines/kv"
)

// txnMaker draws the steps of transactions, a few of which are open at once, so that they
// see the writes of others, or not, and conflict.
type txnMaker struct {
	rng   *rand.Rand
	shape Shape
	open  []Step // begins
}

const (
	openTxns      = 3  // of a writer, at once
	txnsPerWriter = 10 // numbers that are used again
)

// next returns the next step of a transaction of a random writer.
func (m *txnMaker) next() Step {
	writer := m.rng.IntN(m.shape.Writers)
	var mine []int // in open
	for i := range m.open {
		if m.open[i].Writer == writer {
			mine = append(mine, i)
		}
	}
	if len(mine) == 0 || len(mine) < openTxns && m.rng.IntN(5) == 0 {
		return m.begin(writer)
	}
	i := mine[m.rng.IntN(len(mine))]
	s := Step{Writer: writer, Txn: m.open[i].Txn}
	switch n := m.rng.IntN(100); {
	case n < 20:
		s.Kind, s.Key = Get, randomKey(m.rng, writer)
	case n < 26:
		s.Kind, s.Key, s.Upper = Scan, randomKey(m.rng, writer), randomKey(m.rng, writer)+"~"
		if s.Key > s.Upper {
			s.Key, s.Upper = s.Upper, s.Key
		}
	case n < 70:
		s.Kind, s.Ops = TxnWrite, []Op{randomOp(m.rng, writer)}
	case n < 94:
		s.Kind, s.Durability = Commit, m.shape.Durability
		if m.rng.IntN(3) == 0 {
			s.Durability = kv.Durability(m.rng.IntN(int(s.Durability) + 1))
		}
	default:
		s.Kind = Discard
	}
	if s.Kind >= Commit {
		m.open = slices.Delete(m.open, i, i+1)
	}
	return s
}

// begin begins a transaction with a number that is free.
func (m *txnMaker) begin(writer int) Step {
	s := Step{Kind: Begin, Writer: writer, Level: m.shape.Levels[m.rng.IntN(len(m.shape.Levels))]}
	s.Txn = writer*txnsPerWriter + m.rng.IntN(txnsPerWriter)
	for slices.ContainsFunc(m.open, func(o Step) bool { return o.Txn == s.Txn }) {
		s.Txn = writer*txnsPerWriter + m.rng.IntN(txnsPerWriter)
	}
	m.open = append(m.open, s)
	return s
}
