package engines

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
)

// TestReplicatedNames looks up names of replicated engines.
func TestReplicatedNames(t *testing.T) {
	info, err := Lookup("raft3:lsm-bptree+zstd+read=pread")
	if err != nil || info.Name != "raft3:lsm-bptree+pread+zstd" || info.Settings["compression"] != "zstd" || info.Settings["members"] != "3" {
		t.Errorf("%+v, %v", info, err)
	}
	info, err = Lookup("raft5+lease:lsm-skiplist+sync=none")
	if err != nil || info.Durabilities[kv.Synced] != "" || info.Durabilities[kv.Buffered] == "" || !strings.Contains(info.Settings["reads"], "lease") {
		t.Errorf("%+v, %v", info, err)
	}
	for given, want := range map[string]string{
		"raft0:pebble": "want 1 to 9", "raft10:pebble": "want 1 to 9", "raft99999999999999999999:pebble": "want 1 to 9",
		"raft3:peble": "did you mean pebble?", "raft3:lsm-bptree+fifo+keep=1G": "not supported", "raft3:raft3:pebble": "no store of several itself",
		"raft:pebble": `"" members, want 1 to 9, as in raftN[+lease]:ENGINE`, "raft3+leas:pebble": "did you mean lease?",
		"rat3:pebble": "did you mean raft?", ":pebble": "unknown kind of engine", "raft3:": "unknown engine", "raft3x:pebble": "did you mean raft?",
		"raft-1:pebble": "did you mean raft?", "raft3+:pebble": "unknown option",
	} {
		if _, err := Open(given, t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", given, err, want)
		}
	}
}

// TestReplicated runs a few cases of the suite over all engines; package cluster runs all
// of them over ours.
func TestReplicated(t *testing.T) {
	for i, name := range Names() {
		name := fmt.Sprintf("raft%d:%s", 1+i%3, name)
		t.Run(name, func(t *testing.T) { testReplicated(t, name) })
	}
}

func testReplicated(t *testing.T, name string) {
	h := kvtest.Harness{Open: func(dir string) (kv.Engine, error) {
		return Open(name, dir, Options{CacheSize: 1 << 20, MemTableSize: 8 << 20, Durability: kv.Synced})
	}}
	ran := 0
	for _, c := range kvtest.Cases() {
		if c.Name == "Reopen" || strings.HasPrefix(c.Name, "Durability") || strings.HasPrefix(c.Name, "Close") || strings.HasPrefix(c.Name, "Snapshot") {
			ran++
			t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
		}
	}
	if ran < 5 {
		t.Errorf("only %d cases have these names", ran)
	}
	e, err := h.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var b kv.Batch
	if err := e.Apply(&b, kv.Volatile); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("volatile: %v", err)
	}
}
