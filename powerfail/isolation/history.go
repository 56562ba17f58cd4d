package isolation

import "fmt"

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
	Ops        []Op
}

// History is what the clients of one run saw. Its transactions are numbered from 0 in
// the order in which they were added. It is not safe for concurrent use.
type History struct {
	txns      []txn
	ops       []op
	values    []int64 // the lists that were read
	keys      []string
	ids       map[string]int32 // of keys
	lists     bool             // an operation on lists was added
	registers bool             // an operation on registers was added
}

// txn is a transaction in memory; its operations end where those of the next begin.
type txn struct {
	begin, end int64
	ops        int32 // index of the first
	process    int32
	outcome    Outcome
}

// op is an operation in memory.
type op struct {
	value int64 // written or read; of ReadList, the index of the list in values
	key   int32
	size  int32 // of a list; -1: the register was absent
	kind  OpKind
	rang  bool
}

// Len returns the number of transactions.
func (h *History) Len() int { return len(h.txns) }

// Add adds a transaction, of which it keeps no part, and returns its number.
func (h *History) Add(t Txn) (int, error) {
	if h.ids == nil {
		h.ids = map[string]int32{}
	}
	if t.Outcome > Unknown {
		return 0, fmt.Errorf("transaction %d: outcome %d: want 0 to %d", len(h.txns), t.Outcome, Unknown)
	}
	if t.Outcome != Unknown && t.End < t.Begin {
		return 0, fmt.Errorf("transaction %d: it ended at %d, before it began at %d", len(h.txns), t.End, t.Begin)
	}
	first := len(h.ops)
	for i := range t.Ops {
		if err := h.addOp(&t.Ops[i]); err != nil {
			h.ops = h.ops[:first]
			return 0, fmt.Errorf("transaction %d, operation %d: %w", len(h.txns), i, err)
		}
	}
	h.txns = append(h.txns, txn{
		begin: t.Begin, end: t.End, ops: int32(first), process: int32(t.Process), outcome: t.Outcome,
	})
	return len(h.txns) - 1, nil
}

func (h *History) addOp(o *Op) error {
	h.lists = h.lists || o.Kind == Append || o.Kind == ReadList
	h.registers = h.registers || o.Kind == Write || o.Kind == ReadValue
	if o.Kind > ReadValue {
		return fmt.Errorf("kind %d: want 0 to %d", o.Kind, ReadValue)
	}
	if h.lists && h.registers {
		return fmt.Errorf("key %q: a history has either lists or registers, not both", o.Key)
	}
	added := op{kind: o.Kind, value: o.Value, key: h.keyID(o.Key), rang: o.Range}
	switch {
	case o.Kind == ReadList:
		added.value, added.size = int64(len(h.values)), int32(len(o.List))
		h.values = append(h.values, o.List...)
	case o.Absent:
		added.size = -1
	}
	h.ops = append(h.ops, added)
	return nil
}

func (h *History) keyID(key string) int32 {
	id, ok := h.ids[key]
	if !ok {
		id = int32(len(h.keys))
		h.ids[key] = id
		h.keys = append(h.keys, key)
	}
	return id
}

// opsOf returns the operations of transaction t.
func (h *History) opsOf(t int32) []op {
	if int(t)+1 < len(h.txns) {
		return h.ops[h.txns[t].ops:h.txns[t+1].ops]
	}
	return h.ops[h.txns[t].ops:]
}

// list returns the list that a ReadList returned.
func (h *History) list(o *op) []int64 { return h.values[o.value : o.value+int64(o.size)] }
