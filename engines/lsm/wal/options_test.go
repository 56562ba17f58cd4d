package wal

import (
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// TestMethods checks that every method has a name of its own, and which durability
// levels each sync method gives.
func TestMethods(t *testing.T) {
	seen := map[string]bool{}
	for m := FDataSync; m <= NoSync; m++ {
		if name := m.String(); name == "" || seen[name] {
			t.Errorf("sync method %d is named %q", m, name)
		} else {
			seen[name] = true
		}
		if m.Supports(kv.Synced) == (m == NoSync) || !m.Supports(kv.Buffered) {
			t.Errorf("%s supports the wrong durability levels", m)
		}
	}
	if p, m := Positioned.String(), Mapped.String(); p != "positioned" || m != "mapped" {
		t.Errorf("write methods are named %q and %q", p, m)
	}
}

// TestBadOptions checks that values that cannot work are refused, not changed.
func TestBadOptions(t *testing.T) {
	fs := vfs.NewMem()
	for _, o := range []Options{
		{Epoch: 1, Dir: "d"},
		{Epoch: 1, FS: fs},
		{Epoch: 1, FS: fs, Dir: "d", SegmentSize: 10},
		{Epoch: 1, FS: fs, Dir: "d", SegmentSize: 1 << 40},
		{Epoch: 1, FS: fs, Dir: "d", Sync: NoSync + 1},
		{Epoch: 1, FS: fs, Dir: "d", Write: Mapped + 1},
		{Epoch: 1 << 32, FS: fs, Dir: "d"},
	} {
		if _, err := NewWriter(o, Recovered{}); err == nil {
			t.Errorf("%+v was accepted", o)
		}
		if _, err := Recover(o, 0, nil); err == nil {
			t.Errorf("%+v was accepted by Recover", o)
		}
	}
	if _, err := NewWriter(Options{FS: fs, Dir: "d"}, Recovered{}); err == nil {
		t.Error("a writer without an epoch was made")
	}
}

// TestCheckReadsOperations gives Check a record that is whole but whose batch is
// not what it says.
func TestCheckReadsOperations(t *testing.T) {
	for _, ops := range []string{"\x00\x01k", "\x07\x01k\x01v", "\x01\x01k\x09v"} {
		mem := vfs.NewMem()
		w, _, _ := openLog(t, Options{FS: mem}, 0)
		if err := w.Append(1, 2, []byte(ops)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Check(Options{FS: mem, Dir: testDir, Epoch: 1}, 0); err == nil {
			t.Errorf("batch %q of 2 operations was accepted", ops)
		}
	}
}
