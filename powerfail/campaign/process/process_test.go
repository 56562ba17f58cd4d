package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
)

// play runs a role by its name.
func play(stdin, name string, args ...string) (out string, err error) {
	var buf bytes.Buffer
	for _, role := range Roles() {
		if role.Use == name {
			fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
			run := role.Flags(fs)
			if err := fs.Parse(args); err != nil {
				return "", err
			}
			err = run(fs.Args(), strings.NewReader(stdin), &buf)
			return buf.String(), err
		}
	}
	return "", fmt.Errorf("no role %q", name)
}

// TestWorkerAndCheck runs a program on real files with every engine, as the
// tiers with real disks do, and judges what is there after a clean end: all of
// it is sound, and not so if the history says more.
func TestWorkerAndCheck(t *testing.T) {
	p := program.Generate(3, program.Shape{Durability: kv.Synced, Writes: 12})
	for _, engine := range []string{"lsm-bptree", "pebble", "bbolt"} {
		dir := t.TempDir()
		file, db, history := filepath.Join(dir, "program.txt"), filepath.Join(dir, "db"), filepath.Join(dir, "history.jsonl")
		if err := os.WriteFile(file, []byte(p.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := play(strings.Repeat(".", 24), "worker", "--engine", engine, "--dir", db, "--program", file, "--small")
		lines := strings.Fields(out)
		if err != nil || len(lines) != 48 || lines[0] != "begin" || lines[46] != "ack" || lines[47] != "11" {
			t.Fatalf("%s: %v:\n%s", engine, err, out)
		}
		h := recorded(t, p)
		writeHistory(t, history, h)
		check := func(position int) (oracle.Verdict, error) {
			out, broken := play("", "check", "--engine", engine, "--dir", db, "--history", history, "--position", fmt.Sprint(position), "--small")
			var v oracle.Verdict
			if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &v); err != nil {
				t.Fatalf("%s: %v: %s", engine, err, out)
			}
			return v, broken
		}
		if v, err := check(100); err != nil || v.Broken != nil || v.Found[0] != 12 {
			t.Errorf("%s: %+v, %v", engine, v, err)
		}
		var b kv.Batch
		b.Set([]byte("more"), nil)
		h.Writes = append(h.Writes, oracle.Write{Batch: b.Bytes(), Durability: kv.Synced, Begin: 90, Ack: 91})
		writeHistory(t, history, h)
		var broken *BrokenError
		if v, err := check(100); !errors.As(err, &broken) || v.Broken == nil || v.Broken.Rule != oracle.RuleLost {
			t.Errorf("%s: a write is missing: %+v, %v", engine, v, err)
		}
	}
}

// recorded returns the history of a whole run of the program.
func recorded(t *testing.T, p *program.Program) *oracle.History {
	position := int64(0)
	rec := oracle.NewRecorder(nil, func() int64 { position++; return position })
	ids := map[int]int{}
	r := program.Runner{
		Open:  func() (kv.Engine, error) { return (&store{engine: "noop", dir: "none"}).open(0) },
		Begin: func(id int, s *program.Step, b *kv.Batch) { ids[id] = rec.Begin(s.Writer, b, s.Durability) },
		Ack:   func(id int) { rec.Ack(ids[id]) },
	}
	if err := r.Run(p); err != nil {
		t.Fatal(err)
	}
	return rec.History()
}

func writeHistory(t *testing.T, name string, h *oracle.History) {
	t.Helper()
	var buf bytes.Buffer
	if err := h.Encode(&buf); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWorkerWithoutAnswers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "program.txt")
	if err := os.WriteFile(file, []byte("lsmlab program 1\nopen synced\nw0 synced set a 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := play("", "worker", "--engine", "noop", "--dir", "x", "--program", file); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := play("", "check", "--engine", "noop", "--dir", "x", "--history", "missing"); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("%v: %s", err, out)
	}
}
