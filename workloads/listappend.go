package workloads

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"

	"lsmlab/engines/kv"
)

// lists is the list-append workload of Elle (Kingsbury, Alvaro, "Elle: Inferring
// Isolation Anomalies from Experimental Observations", PVLDB 14(3), 2020): values are
// lists; a transaction reads and appends 1 to 4 times, half of each; every element is
// appended by one transaction only. After 32 appends a list is left alone and its place
// among the keys is taken by a new one, as in Jepsen's generator: no list grows without
// bound.
//
// The audit finds every committed element once: a lost update is an element that is
// missing. Which isolation anomalies a history has is judged by package
// powerfail/isolation.
type lists struct {
	keys    Keys
	slots   uint64
	appends []atomic.Uint32 // drawn for each slot
	tallies tallies
}

const (
	listOps     = 4  // of a transaction, at most
	listAppends = 32 // of a list, at most
	listKeySize = 16 // bytes
	elementSize = 8  // bytes
	elementBits = 40 // of an element that count those of one stream
)

func openLists(spec Spec) ledger {
	return &lists{
		keys: Keys{DBBench, listKeySize}, slots: uint64(spec.Keys),
		appends: make([]atomic.Uint32, spec.Keys), tallies: make(tallies, spec.Threads),
	}
}

func (l *lists) rows() int64              { return 0 }
func (l *lists) addRow(*kv.Batch, uint64) {}
func (l *lists) choices() uint64          { return l.slots }
func (l *lists) client(i int) client {
	return &listClient{lists: l, tally: &l.tallies[i], next: uint64(i) << elementBits}
}

// list is the index of the list that the n-th append to a slot, from 0, goes to.
func (l *lists) list(slot uint64, n uint32) uint64 { return slot + uint64(n/listAppends)*l.slots }

// listOp reads a list, or appends to it.
type listOp struct {
	list    uint64
	element uint64 // 0: read
}

// listClient is a program and draws its arguments.
type listClient struct {
	lists *lists
	tally *tally
	next  uint64 // the element before the next one
	ops   []listOp
	key   []byte
	value []byte
}

func (c *listClient) draw(op *Op, s *Stream) {
	c.ops = c.ops[:0]
	op.ReadOnly, op.program = true, c
	for range 1 + s.src.Below(listOps) {
		slot := s.index()
		if s.src.Below(2) == 0 {
			c.ops = append(c.ops, listOp{list: c.lists.list(slot, c.lists.appends[slot].Load())})
			continue
		}
		c.next++
		op.ReadOnly = false
		c.ops = append(c.ops, listOp{c.lists.list(slot, c.lists.appends[slot].Add(1)-1), c.next})
	}
	op.Index = c.ops[0].list
}

func (c *listClient) String() string {
	var words []string
	for _, o := range c.ops {
		if o.element == 0 {
			words = append(words, fmt.Sprintf("read %d", o.list))
		} else {
			words = append(words, fmt.Sprintf("append %#x to %d", o.element, o.list))
		}
	}
	return strings.Join(words, ", ")
}

func (c *listClient) run(t *txn) error {
	for _, o := range c.ops {
		c.key = c.lists.keys.Append(c.key[:0], o.list)
		list, _, err := t.find(c.key)
		if err != nil {
			return err
		}
		if len(list)%elementSize != 0 {
			return fmt.Errorf("%w: list %s has %d bytes, want a multiple of %d", ErrWrongValue, quote(c.key), len(list), elementSize)
		}
		if o.element == 0 {
			continue
		}
		c.value = binary.BigEndian.AppendUint64(append(c.value[:0], list...), o.element)
		if err := t.set(c.key, c.value); err != nil {
			return err
		}
	}
	return nil
}

func (c *listClient) committed() {
	c.tally.commits++
	for _, o := range c.ops {
		if o.element != 0 {
			c.tally.amount++
		}
	}
}

func (l *lists) audit(r kv.Reader) ([]Invariant, error) {
	elements := Invariant{Name: "elements of committed appends", Want: l.tallies.sum().amount}
	twice := Invariant{Name: "elements that are in a list twice"}
	it := r.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		seen := map[uint64]bool{}
		for list := it.Value(); len(list) >= elementSize; list = list[elementSize:] {
			element := binary.BigEndian.Uint64(list)
			if seen[element] {
				twice.Got++
				twice.Detail = fmt.Sprintf("%#x in list %s", element, quote(it.Key()))
				continue
			}
			seen[element] = true
			elements.Got++
		}
	}
	return []Invariant{elements, twice}, it.Close()
}
