package subject

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A workload's end is told in words, with what it said on either stream.
func TestWorkloadEnds(t *testing.T) {
	for command, want := range map[string]struct {
		acks         []string
		how, heading string
		output       string
	}{
		`w() { echo ack 1; echo note; echo "ack 2 b" >"$1/x"; printf 'ack 3\r\nack 4'; }; w`: {acks: []string{"1", "3", "4"}, output: "note"},
		`echo ack 1; echo out; echo err >&2; exit 3; :`:                                      {[]string{"1"}, "exit status 3", "(exit status 3)", ""},
		`printf 'ack 1\nack 2'; kill -9 $$; :`:                                               {[]string{"1"}, "signal: killed", "signal: killed", ""},
		`echo ack 1; sh -c 'kill -SEGV $$'; exit $?; :`:                                      {[]string{"1"}, "exit status 139, SIGSEGV", "", ""},
		`echo ack 1; no-such-program; exit $?; :`:                                            {[]string{"1"}, "exit status 127", "not found", ""},
		`sleep 100 & echo ack 1; :`:                                                          {acks: []string{"1"}},
		`head -c 9000 /dev/zero | tr '\0' x; echo; echo ack 1; :`:                            {acks: []string{"1"}, output: strings.Repeat("x", tailSize-1)},
	} {
		p := &Program{Workload: command}
		run, err := p.RunWorkload(context.Background(), t.TempDir(), nil)
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		how, heading := "", ""
		if run.Failed != nil {
			how, heading = run.Failed.How, run.Failed.Headline()
		}
		if !reflect.DeepEqual(IDs(run.Acks), want.acks) || how != want.how || !strings.Contains(heading, want.heading) {
			t.Errorf("%s: acknowledged %q, ended %q (%s), want %q, %q", command, IDs(run.Acks), how, heading, want.acks, want.how)
		}
		if want.output != "" && run.Output != want.output {
			t.Errorf("%s: said %q, want %q", command, run.Output, want.output)
		}
	}
	run, err := (&Program{Workload: `echo out; echo err >&2; exit 3; :`}).RunWorkload(context.Background(), "/", nil)
	if err != nil || !strings.Contains(run.Failed.Output, "out") || !strings.Contains(run.Failed.Output, "err") {
		t.Errorf("%+v, %v: want both streams", run, err)
	}
}

// Killed at an acknowledgement, a program makes no other.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	p := &Program{Workload: `w() { for i in 1 2 3 4 5; do echo ack $i; sleep 0.05; echo $i > "$1/$i"; done; }; w`}
	run, err := p.RunWorkload(context.Background(), dir, func(a Ack) error {
		if a.ID == "2" {
			return ErrKill
		}
		return nil
	})
	if err != nil || !run.Killed || run.Failed != nil || !reflect.DeepEqual(IDs(run.Acks), []string{"1", "2"}) {
		t.Errorf("%+v, %v", run, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "5")); err == nil {
		t.Error("it lived on")
	}
	planned := errors.New("planned")
	if _, err = p.RunWorkload(context.Background(), dir, func(Ack) error { return planned }); !errors.Is(err, planned) {
		t.Errorf("error %v", err)
	}
}

// A program that takes too long has failed; one that the caller ends has no verdict.
func TestLimits(t *testing.T) {
	p := &Program{Workload: "echo ack 1; sleep 100; :", Check: "echo looking; sleep 100; :", WorkloadLimit: 100 * time.Millisecond, CheckLimit: 100 * time.Millisecond}
	run, err := p.RunWorkload(context.Background(), "/", nil)
	if err != nil || run.Failed == nil || run.Failed.How != "no end within 100ms" || len(run.Acks) != 1 {
		t.Errorf("%+v, %v", run, err)
	}
	failed, err := p.RunCheck(context.Background(), "/", nil)
	if err != nil || failed == nil || failed.Headline() != "looking (no end within 100ms)" {
		t.Errorf("%+v, %v", failed, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = p.RunCheck(ctx, "/", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("check: %v", err)
	}
	if _, err = p.RunWorkload(ctx, "/", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("workload: %v", err)
	}
}

// A check reads what was acknowledged, and one that can't be run gives no verdict,
// least of all a finding.
func TestCheck(t *testing.T) {
	for command, want := range map[string]string{
		`t() { [ "$1" = /dir ] && [ "$(cat)" = "a b
d" ]; }; t`: "",
		"no-such-program": "no verdict: the command",
		`echo first >&2; echo "lost $(head -1)"; exit 4; :`: "lost a b (exit status 4)",
		"kill -9 $$; true": "signal: killed",
	} {
		failed, err := (&Program{Check: command}).RunCheck(context.Background(), "/dir", []string{"a b", "d"})
		got := ""
		switch {
		case err != nil:
			got = "no verdict: " + err.Error()
		case failed != nil:
			got = failed.Headline()
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	run, err := (&Program{Reopen: `[ "$(cat)" = a ] && echo ack b; :`}).RunReopen(context.Background(), "/", []string{"a"}, nil)
	if err != nil || !reflect.DeepEqual(IDs(run.Acks), []string{"b"}) {
		t.Errorf("reopening: %+v, %v", run, err)
	}
}

// A program that acknowledges what it has not handed to the system loses it by a kill.
func TestKillAt(t *testing.T) {
	p := &Program{
		Workload: `w() { for i in 1 2 3 4; do echo ack $i; sleep 0.05; echo $i > "$1/$i"; done; }; w`,
		Check:    `c() { while read i; do [ -e "$1/$i" ] || { echo "lost $i"; exit 1; }; done; }; c`,
	}
	run, failed, err := p.KillAt(context.Background(), t.TempDir(), 2)
	if err != nil || !run.Killed || failed == nil || failed.Headline() != "lost 2 (exit status 1)" {
		t.Errorf("%+v, %+v, %v", run, failed, err)
	}
	if run, failed, err = p.KillAt(context.Background(), t.TempDir(), 5); err != nil || run.Killed || failed != nil {
		t.Errorf("%+v, %+v, %v", run, failed, err)
	}
	p.Reopen = `r() { touch "$1/2"; echo ack 7; }; r`
	if _, failed, err = p.KillAt(context.Background(), t.TempDir(), 2); err != nil || failed == nil || failed.Headline() != "lost 7 (exit status 1)" {
		t.Errorf("%+v, %v", failed, err)
	}
}
