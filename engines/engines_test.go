package engines

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/vfs"
)

// TestDurabilitiesAreTrue opens every engine at every durability and compares what it
// gives with what the table says.
func TestDurabilitiesAreTrue(t *testing.T) {
	for _, name := range slices.Concat(Names(), []string{"noop"}, Covering(kv.Volatile)) {
		info, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Name != name {
			t.Errorf("%s is called %s", name, info.Name)
		}
		if info.Version == "" {
			t.Errorf("%s has no version", name)
		}
		for d := kv.Volatile; d <= kv.Synced; d++ {
			e, err := Open(name, t.TempDir(), Options{CacheSize: 1 << 20, MemTableSize: 8 << 20, Durability: d})
			if err != nil {
				t.Fatal(err)
			}
			got := kvtest.Durabilities(t, e)
			if info.FixedDurability {
				if want := max(d, kv.Buffered); !slices.Equal(got, []kv.Durability{want}) || info.Durabilities[want] == "" {
					t.Errorf("%s at %v gives %v", name, d, got)
				}
			} else if _, said := info.Durabilities[d]; said != slices.Contains(got, d) {
				t.Errorf("%s gives %v; the table says %v of %v", name, got, said, d)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestIsolationsAreTrue opens every engine with transactions and without, and compares the
// levels that it gives with what the table says.
func TestIsolationsAreTrue(t *testing.T) {
	for _, name := range slices.Concat(Names(), []string{"noop"}) {
		info, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(maps.Keys(info.Isolations))
		for _, asked := range []bool{true, false} {
			o := Options{CacheSize: 1 << 20, MemTableSize: 8 << 20, Durability: kv.Synced, Transactions: asked}
			e, err := Open(name, t.TempDir(), o)
			if err != nil {
				t.Fatal(err)
			}
			if info.TxnsOnDemand && !asked {
				want = nil
			}
			if got := kvtest.Isolations(t, e); !slices.Equal(got, want) {
				t.Errorf("%s, transactions asked for %v: gives %v; the table says %v", name, asked, got, want)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestUnknownName(t *testing.T) {
	for given, want := range map[string]string{"peble": "pebble", "leveldb": "goleveldb", "bolt": "bbolt"} {
		_, err := Open(given, t.TempDir(), Options{})
		if err == nil || !strings.Contains(err.Error(), "did you mean "+want+"?") {
			t.Errorf("%s does not lead to %s: %v", given, want, err)
		}
		if err != nil && !strings.Contains(err.Error(), "pebble, badger") {
			t.Errorf("%v: the known names are missing", err)
		}
	}
	if slices.Contains(Names(), "noop") {
		t.Error("noop is part of a race by default")
	}
}

// TestOptionsInNames looks up names with options as people write them.
func TestOptionsInNames(t *testing.T) {
	info, err := Lookup("lsm-bptree+zstd+read=pread")
	if err != nil || info.Name != "lsm-bptree+pread+zstd" || !info.Own || info.Settings["compression"] != "zstd" {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := Lookup("lsm-bptree+sync=none"); err != nil || info.Durabilities[kv.Synced] != "" || info.Durabilities[kv.Buffered] == "" {
		t.Errorf("%v, %v", info.Durabilities, err)
	}
	if info, err := Lookup("lsm-bptree+fifo+keep=1G"); err != nil || !info.Drops {
		t.Errorf("%+v, %v", info, err)
	}
	for given, want := range map[string]string{
		"lsm-bptree+prad": "did you mean pread?", "lsm-bptre+pread": "did you mean lsm-bptree?",
		"pebble+pread": "engine pebble takes no options, as in +pread: only lsm-skiplist, ", "lsm-bptree+": "unknown option",
	} {
		if _, err := Open(given, t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", given, err, want)
		}
	}
}

// TestPlainNames holds what engines without options say of themselves in env.json: runs
// of different commits are compared by it.
func TestPlainNames(t *testing.T) {
	want := map[string]string{
		"compression": "none", "bloom": "10 bits", "blocks": "4 KiB, mapped", "L0": "runs: compaction at 4 to 12, slow-down at 1.5, stop at 3 times that",
		"compactions": "as many as processors, at most 8", "immutable memtables": "2", "WAL": "16 MiB segments, 80 MiB pool while it is written",
	}
	for _, name := range Own() {
		info, err := Lookup(name)
		if err != nil || !maps.Equal(info.Settings, want) {
			t.Errorf("%s: %q, %v", name, info.Settings, err)
		}
		if got := info.Durabilities[kv.Buffered]; got != "record stored through a shared mapping of the WAL segment" {
			t.Errorf("%s, buffered: %s", name, got)
		}
		if got := info.Durabilities[kv.Synced]; got != "record written, then fdatasync, shared by the writers that wait" {
			t.Errorf("%s, synced: %s", name, got)
		}
	}
}

// TestForeignFileSystem opens every engine on a file system of the caller's. It
// must live there and nowhere else, or refuse.
func TestForeignFileSystem(t *testing.T) {
	for _, name := range Names() {
		info, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		disk := vfs.NewMem()
		if err := errors.Join(disk.MkdirAll("/nowhere/db"), disk.SyncDir("/nowhere"), disk.SyncDir("/")); err != nil {
			t.Fatal(err)
		}
		o := Options{FS: disk, Small: true, Durability: kv.Synced}
		e, err := Open(name, "/nowhere/db", o)
		if !info.AnyFS {
			if !errors.Is(err, kv.ErrUnsupported) {
				t.Errorf("%s: %v, want a refusal", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var b kv.Batch
		b.Set([]byte("key"), []byte("value"))
		if err := errors.Join(e.Apply(&b, kv.Synced), e.Close()); err != nil {
			t.Fatal(err)
		}
		o.FS = disk.CrashClone(vfs.CrashOptions{Strict: true})
		if e, err = Open(name, "/nowhere/db", o); err != nil {
			t.Fatal(err)
		}
		if value, err := e.Get(nil, []byte("key")); err != nil || string(value) != "value" {
			t.Errorf("%s: after a power failure: %q, %v", name, value, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat("/nowhere"); err == nil {
			t.Errorf("%s wrote to the file system of the operating system", name)
		}
	}
}
