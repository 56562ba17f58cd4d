package vm

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/vm/wire"
)

// worker prints lines at the other end of a pipe, and waits for a byte after
// each but the last.
func worker(t *testing.T, lines ...string) net.Conn {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	go func() {
		defer theirs.Close()
		for _, l := range lines {
			if _, err := fmt.Fprintln(theirs, l); err != nil {
				return
			}
			if _, err := theirs.Read(make([]byte, 1)); err != nil {
				return
			}
		}
	}()
	return ours
}

func threeWrites() *program.Program {
	p := &program.Program{Durability: kv.Synced}
	for writer := range 3 {
		p.Steps = append(p.Steps, program.Step{Writer: writer, Durability: kv.Synced, Ops: []program.Op{{Key: fmt.Sprint(writer), Size: 1}}})
	}
	return p
}

// Positions of events become those of the history, whose order is that of the
// begins; what was not acknowledged stays so.
func TestFollow(t *testing.T) {
	r := newRecorder(threeWrites(), counting())
	var seen []string
	err := r.follow(worker(t, "begin 1", "begin 0", "ack 1", wire.Exited), interrupts{
		at:      2,
		held:    func() error { seen = append(seen, fmt.Sprint("held ", r.events)); return nil },
		running: func() error { seen = append(seen, fmt.Sprint("running ", r.events)); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []string{"held 2", "running 2"}) {
		t.Errorf("interrupts %q", seen)
	}
	var got []string
	for _, w := range r.history(asRecorded).Writes {
		got = append(got, fmt.Sprint(w.Writer, " ", w.Begin, " ", w.Ack))
	}
	if want := []string{"1 1 3", fmt.Sprint("0 2 ", oracle.Never)}; !slices.Equal(got, want) {
		t.Errorf("history %q, want %q", got, want)
	}
}

func TestFollowEnds(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		cut   bool
		want  string // in the error
	}{
		"cut":         {[]string{"begin 0", "ack 0"}, true, ""},
		"nonsense":    {[]string{"hello"}, false, "hello"},
		"no number":   {[]string{"ack x"}, false, "ack x"},
		"machine end": {[]string{"begin 0"}, false, "machine ended"},
	} {
		var i interrupts
		if c.cut {
			i = interrupts{at: 1, running: func() error { return errCut }}
		}
		err := newRecorder(threeWrites(), counting()).follow(worker(t, c.lines...), i)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
