package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/program"
)

// crashWorkerCommand is the process that a recorder of block writes watches. It
// prints `begin ID` before and `ack ID` after each write, ID being the number of
// the write in the program, and goes on once it has read one byte: by then the
// recorder has noted the line at its place in the log.
func (a *app) crashWorkerCommand() *cobra.Command {
	var store crashStore
	var file string
	c := &cobra.Command{
		Use:    "worker",
		Short:  "Run a program on a store and tell of each write (started by crash disk and crash vm)",
		Hidden: true,
		Args:   noArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			p, err := program.Parse(string(text))
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			w := teller{in: bufio.NewReader(a.stdin), out: a.stdout}
			r := program.Runner{
				Open:  func() (kv.Engine, error) { return store.open(p.Durability) },
				Begin: func(id int, _ *program.Step, _ *kv.Batch) { w.tell("begin", id) },
				Ack:   func(id int) { w.tell("ack", id) },
			}
			return errors.Join(r.Run(p), w.err)
		},
	}
	store.flags(c)
	c.Flags().StringVar(&file, "program", "", "`FILE` with the program")
	_ = c.MarkFlagRequired("program")
	return c
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
	if _, t.err = fmt.Fprintln(t.out, what, id); t.err != nil {
		return
	}
	if _, err := t.in.ReadByte(); err != nil {
		t.err = fmt.Errorf("%s %d: no answer on standard input: %w", what, id, err)
	}
}
