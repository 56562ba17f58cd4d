package program

import (
	"strconv"

	"lsmlab/engines/kv"
)

// Program is a script for one store.
type Program struct {
	Durability kv.Durability // rung that the store is opened for
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
)

// Step is one line of a program.
type Step struct {
	Kind   Kind
	Writer int           // of a Write
	Rung   kv.Durability // of a Write
	Ops    []Op          // of a Write, its batch
}

// Op sets a key to a value of Size bytes, or deletes it.
type Op struct {
	Key    string // printable, without spaces
	Size   int
	Delete bool
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
	var value []byte
	for i, op := range s.Ops {
		if op.Delete {
			b.Delete([]byte(op.Key))
			continue
		}
		value = appendValue(value[:0], id, i, op.Size)
		b.Set([]byte(op.Key), value)
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
