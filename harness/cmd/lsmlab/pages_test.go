package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness/internal/built"
)

// reader is one who does what the pages say, in a directory like a checkout.
type reader struct {
	*testing.T
	root    string            // of the checkout
	dir     string            // where commands run
	url     string            // of a server that runs
	finding string            // a kept one
	tried   []string          // lines
	made    map[string]string // command without --out: what is there
}

// TestCommandLines runs every command line of every README, of every help text and
// of the Makefile's targets, made small (see small) in a directory of its own. A
// line that can't be run has an entry in exceptions that says why, and how far it
// is checked instead; a line without one is run. So a page can't go on telling
// what does not work any more.
func TestCommandLines(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a hundred commands, of a build without the race detector: run without -short")
	}
	r := newReader(t)
	for _, l := range allLines(t, r.root) {
		r.try(l)
	}
	for _, e := range exceptions {
		if !slices.ContainsFunc(r.tried, e.line.MatchString) {
			t.Errorf("exception %s fits no line any more: remove it", e.line)
		}
	}
}

// try runs a line in a test of its own.
func (r *reader) try(l pageLine) {
	r.tried = append(r.tried, l.key())
	r.Run(l.page+": "+l.text, func(t *testing.T) {
		if e := exceptionOf(l); e.not {
			t.Logf("not run: %s", e.why)
			return
		}
		defer func(outer *testing.T) { r.T = outer }(r.T)
		r.T = t
		switch filepath.Base(l.words[0]) {
		case "lsmlab":
			r.lsmlab(l)
		case "make":
			r.make(l)
		case "go":
			r.goTest(l)
		default:
			r.other(l)
		}
	})
}

func newReader(t *testing.T) *reader {
	r := &reader{T: t, dir: t.TempDir(), made: map[string]string{}}
	t.Setenv("TMPDIR", t.TempDir())
	k6 := built.Program(t, "k6")
	r.root = filepath.Dir(filepath.Dir(k6))
	r.write("bin/lsmlab", "#!/bin/sh\n"+asProgram+"=real exec "+os.Args[0]+` "$@"`+"\n")
	r.write("settings.json", "{}")
	r.write("workload-cmd", "#!/bin/sh\necho 1 > $1/1; sync $1/1 $1; echo ack 1\n")
	r.write("check-cmd", "#!/bin/sh\nwhile read i; do cat $1/$i; done\n")
	for _, name := range []string{"k6", "bin/k6", "powerfail"} {
		if err := os.Symlink(filepath.Join(r.root, name), filepath.Join(r.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	e, err := engines.Open("lsm-bptree", filepath.Join(r.dir, "store"), engines.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b kv.Batch
	b.Set([]byte("key"), []byte("value"))
	if err := errors.Join(e.Apply(&b, kv.Synced), e.Close()); err != nil {
		t.Fatal(err)
	}
	// What lines name that others of the reader's made before.
	for _, line := range []string{
		"bench --quick --out results/quick",
		"bench --engines lsm-bptree,pebble --workloads ycsb-a,seekrandom --out results/mine",
		"load --engines pebble --profile sweep --rounds 3 --out results/sweep",
		"crash sim --shard 0/4 --programs 400 --seed 7 --out results/shard0",
		"crash sim --shard 1/4 --programs 400 --seed 7 --out results/shard1",
		"crash disk --workload-cmd CMD --check-cmd CMD --out results/recorded",
	} {
		r.try(splitLines("before all", "lsmlab "+line, false)[0])
	}
	for _, name := range []string{"before", "after"} {
		if err := os.CopyFS(filepath.Join(r.dir, "results", name), os.DirFS(filepath.Join(r.dir, "results/mine"))); err != nil {
			t.Fatal(err)
		}
	}
	planted := filepath.Join(r.dir, "results/planted")
	if status, out := r.program(nil, "crash", "sim", "--engines", "lsm-skiplist", "--profile", "posix-strict", "--bug", "table-not-synced", "--seed", "1", "--out", planted); status != exitFinding {
		t.Fatalf("status %d\n%s", status, out)
	}
	findings, _ := filepath.Glob(filepath.Join(planted, "findings", "*"))
	r.finding = findings[0]
	r.url = r.serve("serve", "--engine", "lsm-bptree", "--data", "by-hand", "--addr", "127.0.0.1:0")
	return r
}

func (r *reader) write(name, text string) {
	r.Helper()
	path := filepath.Join(r.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
		r.Fatal(err)
	}
}
