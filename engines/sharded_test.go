package engines

import (
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
)

// TestShardedNames looks up names of sharded engines.
func TestShardedNames(t *testing.T) {
	info, err := Lookup("jump4:raft3+lease:lsm-bptree+zstd+read=pread")
	if err != nil || info.Name != "jump4:raft3+lease:lsm-bptree+pread+zstd" || info.Settings["shards"] != "4" || info.Settings["members"] != "3" {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := Lookup("jump2:lsm-bptree+gc=window:1s"); err != nil || info.Name != "jump2:lsm-bptree+gc=window:1s" {
		t.Errorf("%+v, %v", info, err)
	}
	for given, want := range map[string]string{
		"jump0:pebble": "want 1 to 64", "jump65:pebble": "want 1 to 64", "jump99999999999999999999:pebble": "want 1 to 64",
		"jump3:peble": "did you mean pebble?", "jump2:jump2:pebble": "have no shards itself", "raft3:jump2:pebble": "no store of several itself",
		"jump2:lsm-bptree+fifo+keep=1G": "not supported", "jump2+lease:pebble": "jumpN:ENGINE takes no options", "jmp2:pebble": "did you mean jump?",
	} {
		if _, err := Open(given, t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", given, err, want)
		}
	}
}

// TestSharded runs a few cases of the suite over shards of all engines, and over shards of
// replicas; package jump runs all of them over ours.
func TestSharded(t *testing.T) {
	for _, inner := range append(Names(), "raft3:lsm-bptree") {
		name := "jump3:" + inner
		t.Run(name, func(t *testing.T) {
			h := kvtest.Harness{Open: func(dir string) (kv.Engine, error) {
				return Open(name, dir, Options{CacheSize: 1 << 20, MemTableSize: 8 << 20, Durability: kv.Synced})
			}}
			ran := 0
			for _, c := range kvtest.Cases() {
				for _, part := range []string{"Reopen", "Durability", "Close", "Snapshot", "Scan", "Reverse"} {
					if strings.HasPrefix(c.Name, part) {
						ran++
						t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
					}
				}
			}
			if ran < 5 {
				t.Errorf("only %d cases have these names", ran)
			}
		})
	}
}
