package program

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"

	"lsmlab/engines/kv"
)

// Tell runs a program on an engine in a process that a recorder watches. It prints
// `begin ID` before and `ack ID` after each write, ID being the number of the write in
// the program, and `abort ID` after a transaction that applied nothing. It goes on once it has read one byte: by then the recorder has noted
// the line at its place in the log.
func Tell(p *Program, open func() (kv.Engine, error), answers io.Reader, out io.Writer) error {
	w := teller{in: bufio.NewReader(answers), out: out}
	r := Runner{
		Open:  open,
		Begin: func(id int, _ *Step, _ *kv.Batch) { w.tell(BeginMark, id) },
		Ack:   func(id int) { w.tell(AckMark, id) },
		Abort: func(id int) { w.tell(AbortMark, id) },
	}
	return errors.Join(r.Run(p), w.err)
}

// teller prints one line after the other, each answered by a byte.
type teller struct {
	mu  sync.Mutex
	in  io.ByteReader
	out io.Writer
	err error // the first
}

func (t *teller) tell(what string, id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return
	}
	if _, t.err = fmt.Fprintf(t.out, "%s%d\n", what, id); t.err != nil {
		return
	}
	if _, err := t.in.ReadByte(); err != nil {
		t.err = fmt.Errorf("%s%d: no answer on standard input: %w", what, id, err)
	}
}
