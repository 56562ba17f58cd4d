package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
)

func crash(stdin string, args ...string) (status int, out string) {
	var buf bytes.Buffer
	status = run(context.Background(), harness.Catalog{}, append([]string{"crash"}, args...), strings.NewReader(stdin), &buf, &buf)
	return status, buf.String()
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
		status, out := crash(strings.Repeat(".", 24), "worker", "--engine", engine, "--dir", db, "--program", file, "--small")
		lines := strings.Fields(out)
		if status != 0 || len(lines) != 48 || lines[0] != "begin" || lines[46] != "ack" || lines[47] != "11" {
			t.Fatalf("%s: status %d:\n%s", engine, status, out)
		}
		h := recorded(t, p)
		writeHistory(t, history, h)
		check := func(position int) (int, oracle.Verdict, string) {
			status, out := crash("", "check", "--engine", engine, "--dir", db, "--history", history, "--position", fmt.Sprint(position), "--small")
			var v oracle.Verdict
			if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &v); err != nil {
				t.Fatalf("%s: %v: %s", engine, err, out)
			}
			return status, v, out
		}
		if status, v, out := check(100); status != 0 || v.Broken != nil || v.Found[0] != 12 {
			t.Errorf("%s: status %d: %s", engine, status, out)
		}
		var b kv.Batch
		b.Set([]byte("more"), nil)
		h.Writes = append(h.Writes, oracle.Write{Batch: b.Bytes(), Rung: kv.Synced, Begin: 90, Ack: 91})
		writeHistory(t, history, h)
		if status, v, out := check(100); status != 1 || v.Broken == nil || v.Broken.Rule != oracle.RuleLost {
			t.Errorf("%s: a write is missing: status %d: %s", engine, status, out)
		}
	}
}

// recorded returns the history of a whole run of the program.
func recorded(t *testing.T, p *program.Program) *oracle.History {
	position := int64(0)
	rec := oracle.NewRecorder(nil, func() int64 { position++; return position })
	ids := map[int]int{}
	r := program.Runner{
		Open:  func() (kv.Engine, error) { return (&crashStore{engine: "noop"}).open(0) },
		Begin: func(id int, s *program.Step, b *kv.Batch) { ids[id] = rec.Begin(s.Writer, b, s.Rung) },
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
	if status, out := crash("", "worker", "--engine", "noop", "--dir", "x", "--program", file); status != 2 || !strings.Contains(out, "no answer") {
		t.Errorf("status %d: %s", status, out)
	}
	if status, out := crash("", "check", "--engine", "noop", "--dir", "x", "--history", "missing"); status != 2 || !strings.Contains(out, "missing") {
		t.Errorf("status %d: %s", status, out)
	}
}
