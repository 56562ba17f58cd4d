package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/kv"
)

// storeOf makes a closed store with one entry.
func storeOf(t *testing.T, engine, dir string) {
	t.Helper()
	e, err := engines.Open(engine, dir, engines.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b kv.Batch
	b.Set([]byte("k"), []byte("v"))
	if err := errors.Join(e.Apply(&b, kv.Buffered), e.Close()); err != nil {
		t.Fatal(err)
	}
}

// said runs a command on the real engines and returns its status and all that it says.
func said(t *testing.T, args ...string) (status int, text string) {
	t.Helper()
	o := labWith(t, args...)
	return o.status, o.stdout + o.stderr
}

// TestBackupAndRestore: engines of ours and others go to a backup and come back.
func TestBackupAndRestore(t *testing.T) {
	for _, engine := range []string{"lsm-skiplist", "pebble", "bbolt"} {
		dir := t.TempDir()
		in := func(name string) string { return filepath.Join(dir, name) }
		storeOf(t, engine, in("store"))
		if code, out := said(t, "backup", "--engine", engine, "--data", in("store"), "--to", in("copy")); code != exitSound || !strings.Contains(out, "sound") {
			t.Fatalf("%s: %d %s", engine, code, out)
		}
		if code, out := said(t, "restore", "--engine", engine, in("copy"), in("back")); code != exitSound || !strings.Contains(out, "sound") {
			t.Fatalf("%s: %d %s", engine, code, out)
		}
		e, err := engines.Open(engine, in("back"), engines.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := e.Get(nil, []byte("k")); err != nil || string(v) != "v" {
			t.Errorf("%s: %q, %v", engine, v, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBackupWrongUse(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	storeOf(t, "lsm-skiplist", in("store"))
	storeOf(t, "badger", in("badger"))
	for _, tc := range []struct {
		args string
		code int
		text string
	}{
		{"backup", exitUsage, "lsmlab: --data is not given, and no server"},
		{"backup --data " + in("store"), exitUsage, "lsmlab: --to is not given: want a new"},
		{"backup --data " + in("none") + " --to " + in("a"), exitUsage, "no such file"},
		{"backup --data " + in("store") + " --to " + in("badger"), exitUsage, "exists"},
		{"backup --engine nosuch --data " + in("store") + " --to " + in("a"), exitUsage, "nosuch"},
		{"backup --server nowhere", exitUsage, "no address of a server"},
		{"backup --server http://127.0.0.1:1", exitUsage, "refused"},
		{"restore " + in("store"), exitUsage, "1 arguments given"},
		{"restore " + in("none") + " " + in("a"), exitUsage, "no such file"},
		{"restore " + in("store") + " " + in("badger"), exitUsage, "exists"},
	} {
		if code, out := said(t, strings.Fields(tc.args)...); code != tc.code || !strings.Contains(out, tc.text) {
			t.Errorf("%s: %d %s, want %d with %q", tc.args, code, out, tc.code, tc.text)
		}
	}
	tables, _ := filepath.Glob(in("store/*.wal"))
	if len(tables) == 0 {
		t.Fatal("the store has no log to damage")
	}
	if err := os.WriteFile(in("store/CURRENT"), []byte("MANIFEST-999999\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out := said(t, "restore", in("store"), in("a")); code != exitFinding || !strings.Contains(out, "corrupt") {
		t.Errorf("a damaged backup: %d %s", code, out)
	}
	if _, err := os.Stat(in("a")); err == nil {
		t.Error("a damaged backup was restored")
	}
}
