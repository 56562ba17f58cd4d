package vm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/vm/wire"
)

// recorder ties the lines of a worker to positions. One goroutine uses it.
type recorder struct {
	program *program.Program
	// mark notes an event in the log of the method and returns its position.
	mark   func(event string) (position int64, err error)
	begins map[int]int64 // position by number of the write
	acks   map[int]int64
	aborts map[int]int64
	events int // lines so far
}

func newRecorder(p *program.Program, mark func(string) (int64, error)) *recorder {
	return &recorder{program: p, mark: mark, begins: map[int]int64{}, acks: map[int]int64{}, aborts: map[int]int64{}}
}

// counting returns the mark function of a method without a log. It numbers events from 1.
func counting() func(string) (int64, error) {
	var n int64
	return func(string) (int64, error) {
		n++
		return n, nil
	}
}

// record notes one line of the worker.
func (r *recorder) record(line string) error {
	what, number, _ := strings.Cut(line, " ")
	positions := map[string]map[int]int64{"begin": r.begins, "ack": r.acks, "abort": r.aborts}[what]
	id, err := strconv.Atoi(number)
	if err != nil || positions == nil {
		return fmt.Errorf("the worker printed %.80q, want begin, ack or abort and the number of a write", line)
	}
	if positions[id], err = r.mark(line); err != nil {
		return err
	}
	r.events++
	return nil
}

// history returns what was recorded. at converts the positions.
func (r *recorder) history(at func(position int64) int64) *oracle.History {
	look := func(positions map[int]int64) program.Position {
		return func(id int) (int64, bool) {
			p, ok := positions[id]
			if !ok {
				return 0, false
			}
			return at(p), true
		}
	}
	return r.program.History(look(r.begins), look(r.acks), look(r.aborts))
}

// asRecorded leaves positions as they are.
func asRecorded(position int64) int64 { return position }

// interrupts are functions that are called in the middle of a worker's run.
type interrupts struct {
	at      int          // number of the event, from 1
	held    func() error // while the worker waits for its byte
	running func() error // right after it got it
}

// errCut ends the run of a worker on purpose.
var errCut = errors.New("cut")

// follow records the lines of a worker and answers each with a byte. It returns when the worker
// ends, the machine is gone, or an interrupt returns errCut.
func (r *recorder) follow(worker net.Conn, i interrupts) error {
	lines := bufio.NewScanner(worker)
	for lines.Scan() {
		if lines.Text() == wire.Exited {
			return nil
		}
		if err := r.record(lines.Text()); err != nil {
			return err
		}
		err := r.step(worker, i)
		if errors.Is(err, errCut) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	return fmt.Errorf("worker: the machine ended before it: %w", io.ErrUnexpectedEOF)
}

// step lets the worker go on after an event.
func (r *recorder) step(worker io.Writer, i interrupts) error {
	now := r.events == i.at
	if now && i.held != nil {
		if err := i.held(); err != nil {
			return err
		}
	}
	if _, err := worker.Write([]byte{'\n'}); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	if now && i.running != nil {
		return i.running()
	}
	return nil
}
