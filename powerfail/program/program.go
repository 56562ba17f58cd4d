package program

import (
	"strconv"

	"lsmlab/engines/kv"
)

// Program is a script for one store.
type Program struct {
	Durability kv.Durability // durability level that the store is opened for
	Steps      []Step
}

// Kind says what a step does.
type Kind uint8

// The kinds of step.
const (
	Write Kind = iota
	Flush
	Compact
	Reopen
	Begin    // a transaction; the kinds from here on are its steps
	Get      // of Key
	Scan     // of [Key, Upper)
	TxnWrite // of Ops
	Commit   // at Durability
	Discard
)

// Step is one line of a program.
type Step struct {
	Kind       Kind
	Writer     int           // of a Write and of the steps of a transaction
	Durability kv.Durability // of a Write and a Commit
	Ops        []Op          // of a Write, its batch; of a TxnWrite

	Txn        int          // the number of the transaction
	Level      kv.Isolation // of a Begin
	Key, Upper string       // of a Get and a Scan
}

// numbered says whether the step takes the next number of a write. A transaction has its
// number from its Begin on, since its values follow from it.
func (s *Step) numbered() bool { return s.Kind == Write || s.Kind == Begin }

// Op sets a key to a value of Size bytes, or deletes it, or deletes a range.
type Op struct {
	Key    string // printable, without spaces
	Size   int
	Delete bool
	Upper  string // if not empty, [Key, Upper) is deleted
}

// Writers returns how many writers the program has, 1 at least.
func (p *Program) Writers() int {
	n := 1
	for i := range p.Steps {
		n = max(n, p.Steps[i].Writer+1)
	}
	return n
}

// fill makes b the batch of the step, which is write number id of its program.
func (s *Step) fill(b *kv.Batch, id int) {
	b.Reset()
	addOps(b, id, s.Ops)
}

// addOps adds operations to the batch of write number id.
func addOps(b *kv.Batch, id int, ops []Op) {
	var value []byte
	for _, op := range ops {
		switch {
		case op.Upper != "":
			b.DeleteRange([]byte(op.Key), []byte(op.Upper))
		case op.Delete:
			b.Delete([]byte(op.Key))
		default:
			value = appendValue(value[:0], id, b.Len(), op.Size)
			b.Set([]byte(op.Key), value)
		}
	}
}

// appendValue appends the value of size bytes that operation i of write id
// stores: the two numbers, again and again.
func appendValue(dst []byte, id, i, size int) []byte {
	label := strconv.AppendInt(nil, int64(id), 10)
	label = append(label, '.')
	label = strconv.AppendInt(label, int64(i), 10)
	label = append(label, ' ')
	end := len(dst) + size
	for len(dst) < end {
		dst = append(dst, label[:min(len(label), end-len(dst))]...)
	}
	return dst
}
