package isolation

import (
	"fmt"
	"math"
	"slices"
)

// Outcome is how a transaction ended, as its client knows it.
type Outcome uint8

// The outcomes.
const (
	Committed Outcome = iota
	Aborted           // none of its writes took place
	Unknown           // the client never heard: it may have committed
)

var outcomeNames = [...]string{Committed: "committed", Aborted: "aborted", Unknown: "unknown"}

func (o Outcome) String() string { return outcomeNames[o] }

// OpKind is what one operation of a transaction does.
type OpKind uint8

// The kinds. One history has either lists or registers.
const (
	Append    OpKind = iota // adds Value to the list of Key
	ReadList                // returned List
	Write                   // sets the register Key to Value
	ReadValue               // returned Value, or nothing if Absent
)

// Op is one operation. Reads are those that returned: a read without an answer is left
// out.
type Op struct {
	Kind   OpKind
	Key    string
	Value  int64
	Absent bool
	List   []int64
	Range  bool // the read is part of a range read
}

// Txn is one transaction as it is given to [History.Add].
type Txn struct {
	Process int
	Outcome Outcome
	// Begin and End are positions on one clock that all processes share: when the client
	// asked for the first step, and when it heard of the outcome. End of a transaction of
	// unknown outcome does not matter.
	Begin, End int64
	LSNs       LSNs // [History] keeps none: only a judge that goes by them asks
	Ops        []Op
}

// LSNs are the place of a transaction in the order of commits, as far as the store tells
// it. LSNs count the writes of a store: the n writes of a transaction have the LSNs from
// Commit-n+1 to Commit.
type LSNs struct {
	Known  bool
	Read   uint64 // of the newest write that the transaction sees
	Commit uint64 // of its last write; 0 if it wrote nothing or did not commit
}

// History is what the clients of one run saw. Its transactions are numbered from 0 in
// the order in which they were added. It is not safe for concurrent use.
//
// It is made for many: a transaction takes 24 bytes, an operation 16, and a list that was
// read takes none where it is the beginning of one that was read before.
type History struct {
	txns      []txn
	ops       [][]op    // in chunks, so that growth copies nothing
	lists     [][]int64 // of each key: what was read, each read the beginning of the next
	values    []int64   // the lists that do not fit there
	keys      []string
	ids       map[string]int32 // of keys
	processes map[int]int32    // their numbers
	hasLists  bool             // an operation on lists was added
	registers bool             // an operation on registers was added
	hasLSNs   bool             // a transaction with LSNs was added
}

// txn is a transaction in memory; its operations end where those of the next begin, or
// their chunk ends.
type txn struct {
	begin, end int64
	ops        uint32 // of the first: its chunk, and in the lower chunkBits its place there
	process    uint32 // number << 2 | outcome
}

func (t *txn) outcome() Outcome { return Outcome(t.process & 3) }

const chunkBits = 16

// op is an operation in memory.
type op struct {
	value int64 // written or read; of ReadList the index in values, or -1 if it is in lists
	key   int32
	bits  uint32 // size of a list << sizeShift | isAbsent | isRange | kind
}

const (
	kindMask  = 3
	isRange   = 4
	isAbsent  = 8
	sizeShift = 4
)

func (o *op) kind() OpKind { return OpKind(o.bits & kindMask) }
func (o *op) absent() bool { return o.bits&isAbsent != 0 }
func (o *op) ranged() bool { return o.bits&isRange != 0 }
func (o *op) size() int    { return int(o.bits >> sizeShift) }
func (o *op) writes() bool { return o.kind() == Append || o.kind() == Write }

// NewHistory returns the history of transactions.
func NewHistory(all []Txn) (*History, error) {
	h := &History{}
	for _, t := range all {
		if _, err := h.Add(t); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// HasLSNs says whether a transaction was added with its LSNs.
func (h *History) HasLSNs() bool { return h.hasLSNs }

// Len returns the number of transactions.
func (h *History) Len() int { return len(h.txns) }

// Add adds a transaction, of which it keeps no part, and returns its number. Reads of a
// transaction that is not known to have committed say nothing and are left out.
func (h *History) Add(t Txn) (int, error) {
	if h.ids == nil {
		h.ids, h.processes = map[string]int32{}, map[int]int32{}
	}
	n := len(h.txns)
	if t.Outcome > Unknown {
		return 0, fmt.Errorf("transaction %d: outcome %d: want 0 to %d", n, t.Outcome, Unknown)
	}
	if t.Outcome != Unknown && t.End < t.Begin {
		return 0, fmt.Errorf("transaction %d: it ended at %d, before it began at %d", n, t.End, t.Begin)
	}
	if n == maxTxns {
		return 0, fmt.Errorf("transaction %d: want %d transactions at most", n, maxTxns)
	}
	for i := range t.Ops {
		if err := h.checkOp(&t.Ops[i]); err != nil {
			return 0, fmt.Errorf("transaction %d, operation %d: %w", n, i, err)
		}
	}
	h.hasLSNs = h.hasLSNs || t.LSNs.Known
	chunk, first := h.room(len(t.Ops))
	for i := range t.Ops {
		if o := &t.Ops[i]; t.Outcome == Committed || o.Kind == Append || o.Kind == Write {
			*chunk = append(*chunk, h.op(o))
		}
	}
	process, ok := h.processes[t.Process]
	if !ok {
		process = int32(len(h.processes))
		h.processes[t.Process] = process
	}
	h.txns = append(h.txns, txn{
		begin: t.Begin, end: t.End, ops: first, process: uint32(process)<<2 | uint32(t.Outcome),
	})
	return n, nil
}

// room returns a chunk with room for n operations more, and where they begin.
func (h *History) room(n int) (chunk *[]op, first uint32) {
	last := len(h.ops) - 1
	if last < 0 || len(h.ops[last]) >= 1<<chunkBits || cap(h.ops[last])-len(h.ops[last]) < n {
		h.ops = append(h.ops, make([]op, 0, max(n, 1<<chunkBits)))
		last++
	}
	return &h.ops[last], uint32(last)<<chunkBits | uint32(len(h.ops[last]))
}

// checkOp says whether an operation may be one of this history.
func (h *History) checkOp(o *Op) error {
	if o.Kind > ReadValue {
		return fmt.Errorf("kind %d: want 0 to %d", o.Kind, ReadValue)
	}
	if len(o.List) > math.MaxUint32>>sizeShift {
		return fmt.Errorf("key %q: a list of %d elements: want %d at most", o.Key, len(o.List), math.MaxUint32>>sizeShift)
	}
	h.hasLists = h.hasLists || o.Kind == Append || o.Kind == ReadList
	h.registers = h.registers || o.Kind == Write || o.Kind == ReadValue
	if h.hasLists && h.registers {
		return fmt.Errorf("key %q: a history has either lists or registers, not both", o.Key)
	}
	return nil
}

// op returns an operation as it is kept.
func (h *History) op(o *Op) op {
	kept := op{value: o.Value, key: h.keyID(o.Key), bits: uint32(o.Kind)}
	if o.Range {
		kept.bits |= isRange
	}
	switch {
	case o.Kind == ReadList:
		kept.value = h.keep(kept.key, o.List)
		kept.bits |= uint32(len(o.List)) << sizeShift
	case o.Absent:
		kept.value = 0
		kept.bits |= isAbsent
	}
	return kept
}

// keep keeps a list that was read of a key, and returns its index in values, or -1.
func (h *History) keep(key int32, list []int64) int64 {
	known := h.lists[key]
	common := min(len(known), len(list))
	if !slices.Equal(known[:common], list[:common]) {
		h.values = append(h.values, list...)
		return int64(len(h.values) - len(list))
	}
	h.lists[key] = append(known, list[common:]...)
	return -1
}

func (h *History) keyID(key string) int32 {
	id, ok := h.ids[key]
	if !ok {
		id = int32(len(h.keys))
		h.ids[key] = id
		h.keys = append(h.keys, key)
		h.lists = append(h.lists, nil)
	}
	return id
}

// opsOf returns the operations of transaction t.
func (h *History) opsOf(t int32) []op {
	const place = 1<<chunkBits - 1
	first := h.txns[t].ops
	chunk := h.ops[first>>chunkBits]
	if int(t)+1 < len(h.txns) {
		if next := h.txns[t+1].ops; next>>chunkBits == first>>chunkBits {
			return chunk[first&place : next&place]
		}
	}
	return chunk[first&place:]
}

// list returns the list that a ReadList returned.
func (h *History) list(o *op) []int64 {
	if o.value < 0 {
		return h.lists[o.key][:o.size()]
	}
	return h.values[o.value : o.value+int64(o.size())]
}
