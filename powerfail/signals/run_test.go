package signals

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"lsmlab/powerfail/faults"
)

// virtual is a clock that waits for nobody. At stop it ends as a context does that
// is cancelled; 0 is never.
type virtual struct {
	stop time.Duration
	at   func(time.Duration) // is told each wait; may be nil
}

func (c virtual) Wait(_ context.Context, at time.Duration) error {
	if c.stop > 0 && at >= c.stop {
		return context.Canceled
	}
	if c.at != nil {
		c.at(at)
	}
	return nil
}

func parse(t *testing.T, lines ...string) *faults.File {
	t.Helper()
	f, err := faults.Parse([]byte(`{"name": "test", "faults": [` + strings.Join(lines, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// pretend returns processes that note their signals, and the notes.
func pretend(n int) (all []Process, got map[string][]os.Signal) {
	got = make(map[string][]os.Signal)
	for i := range n {
		id := fmt.Sprint(i)
		all = append(all, Process{ID: id, Labels: map[string]string{"app": "db", "member": id}, Signal: func(s os.Signal) error {
			got[id] = append(got[id], s)
			return nil
		}})
	}
	return all, got
}

const (
	hold  = `{"name": "hold", "kind": "stop", "target": {"labels": {"member": "1"}}, "start": "1s", "duration": "10s", "every": "20s", "times": 2}`
	hold2 = `{"name": "hold2", "kind": "stop", "target": {"labels": {"app": "db"}}, "start": "5s", "duration": "10s"}`
	kill  = `{"name": "kill", "kind": "kill", "target": {"labels": {"app": "db"}, "pick": "2"}, "start": "25s"}`
)

// TestRun: two stops overlap at member 1, which goes on when the second one ends.
func TestRun(t *testing.T) {
	all, got := pretend(3)
	seed := rand.Uint64()
	sent, err := Run(t.Context(), parse(t, hold, hold2, kill), time.Minute, virtual{}, func() []Process { return all }, rand.New(rand.NewPCG(seed, 0)))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	kills := make(map[string]bool)
	for _, s := range sent {
		if s.Signal == syscall.SIGKILL {
			kills[s.Process] = true
			continue
		}
		fmt.Fprintf(&text, "%v %s %s %v\n", s.At, s.Fault, s.Process, s.Signal)
	}
	const want = `1s hold 1 stopped (signal)
5s hold2 0 stopped (signal)
5s hold2 2 stopped (signal)
15s hold2 0 continued
15s hold2 1 continued
15s hold2 2 continued
21s hold 1 stopped (signal)
31s hold 1 continued
`
	if text.String() != want {
		t.Errorf("sent\n%swant\n%s", &text, want)
	}
	if len(kills) != 2 {
		t.Errorf("seed %d: killed %v, want two", seed, kills)
	}
	signals := 0
	for _, s := range got {
		signals += len(s)
	}
	if signals != len(sent) {
		t.Errorf("%d signals came, %d were told", signals, len(sent))
	}
}

// TestLetGo: a run that is broken off, and one that fails, leave nobody held.
func TestLetGo(t *testing.T) {
	fails := `{"name": "nobody", "kind": "kill", "target": {"labels": {"member": "9"}}, "start": "7s"}`
	for name, test := range map[string]struct {
		clock virtual
		lines []string
		want  string
	}{
		"cancelled": {virtual{stop: 6 * time.Second}, []string{hold, hold2}, "context canceled"},
		"failed":    {virtual{}, []string{hold, hold2, fails}, "fault nobody at 7s: no process has the labels map[member:9]"},
	} {
		all, got := pretend(2)
		_, err := Run(t.Context(), parse(t, test.lines...), time.Minute, test.clock, func() []Process { return all }, rand.New(rand.NewPCG(1, 1)))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		for id, signals := range got {
			if len(signals) != 2 || signals[1] != syscall.SIGCONT {
				t.Errorf("%s: process %s got %v", name, id, signals)
			}
		}
	}
}

// TestGone: a process that ended by itself is no error, and another error is one.
func TestGone(t *testing.T) {
	for cause, wrong := range map[error]bool{os.ErrProcessDone: false, syscall.EPERM: true} {
		p := Process{ID: "7", Labels: map[string]string{"member": "1"}, Signal: func(os.Signal) error { return cause }}
		sent, err := Run(t.Context(), parse(t, hold), time.Minute, virtual{}, func() []Process { return []Process{p} }, nil)
		if errors.Is(err, cause) != wrong || len(sent) > 0 {
			t.Errorf("%v: %v, sent %v", cause, err, sent)
		}
	}
}

func TestOtherKinds(t *testing.T) {
	f := parse(t, `{"name": "power", "kind": "power-cut", "target": {"labels": {"app": "db"}}}`)
	if _, err := Run(t.Context(), f, time.Minute, virtual{}, nil, nil); err == nil || !strings.Contains(err.Error(), `fault power: kind "power-cut"`) {
		t.Errorf("got %v", err)
	}
}

// TestRealProcess stops a process, lets it go on and kills it, by virtual time. As
// its parent the test is told by the kernel of each change, so it waits for no
// time: without a SIGSTOP it would wait for ever, and between stop and end the
// process must answer nothing.
func TestRealProcess(t *testing.T) {
	cat := exec.Command("cat")
	in, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cat.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cat.Process.Kill(); cat.Wait() }()
	changed := func(what string, is func(syscall.WaitStatus) bool) {
		t.Helper()
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(cat.Process.Pid, &status, syscall.WUNTRACED|wcontinued, nil); err != nil || !is(status) {
			t.Errorf("not %s: %x, %v", what, status, err)
		}
	}
	lines := bufio.NewReader(out)
	clock := virtual{at: func(at time.Duration) {
		switch at {
		case 10 * time.Second: // before the end of the stop
			changed("stopped", syscall.WaitStatus.Stopped)
			fmt.Fprintln(in, "while stopped")
		case 20 * time.Second: // before the kill
			changed("continued", syscall.WaitStatus.Continued)
			if line, err := lines.ReadString('\n'); line != "while stopped\n" {
				t.Errorf("it says %q, %v", line, err)
			}
		}
	}}
	p := Process{ID: "cat", Labels: map[string]string{"app": "db"}, Signal: cat.Process.Signal}
	f := parse(t,
		`{"name": "hold", "kind": "stop", "target": {"labels": {"app": "db"}}, "duration": "10s"}`,
		`{"name": "kill", "kind": "kill", "target": {"labels": {"app": "db"}}, "start": "20s"}`)
	sent, err := Run(t.Context(), f, time.Minute, clock, func() []Process { return []Process{p} }, nil)
	if err != nil || len(sent) != 3 {
		t.Fatalf("sent %v, %v", sent, err)
	}
	changed("killed", func(s syscall.WaitStatus) bool { return s.Signaled() && s.Signal() == syscall.SIGKILL })
}

const wcontinued = 0x8 // of wait(2); package syscall has it on some systems only

// TestRealTime: a moment that has passed is not waited for, and a context that is
// done ends a wait.
func TestRealTime(t *testing.T) {
	clock := RealTime()
	if err := clock.Wait(t.Context(), 0); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := clock.Wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
