package engines

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/vfs"
)

// heldDisk is a disk in memory whose syncs of logs wait while the test says so.
type heldDisk struct {
	*vfs.Mem
	fs    vfs.FS
	held  chan chan struct{} // gets what to close for each sync that waits
	holds atomic.Bool
}

func newHeldDisk(t *testing.T) *heldDisk {
	t.Helper()
	d := &heldDisk{Mem: vfs.NewMem(), held: make(chan chan struct{})}
	if err := errors.Join(d.MkdirAll("/db"), d.SyncDir("/")); err != nil {
		t.Fatal(err)
	}
	d.fs = vfs.NewInject(d.Mem, func(op vfs.Op) vfs.Fault {
		log := strings.HasSuffix(op.Path, ".wal") || strings.HasSuffix(op.Path, ".log")
		if d.holds.Load() && log && (op.Kind == vfs.OpSync || op.Kind == vfs.OpSyncData) {
			release := make(chan struct{})
			d.held <- release
			<-release
		}
		return vfs.Fault{}
	})
	return d
}

// after returns what key k holds after a crash now, "" for nothing.
func (d *heldDisk) after(t *testing.T, name string, o vfs.CrashOptions) string {
	t.Helper()
	e, err := Open(name, "/db", Options{FS: d.CrashClone(o), Durability: kv.Synced, Small: true})
	if err != nil {
		t.Fatal(err)
	}
	value, err := e.Get(nil, []byte("k"))
	if errors.Is(err, kv.ErrNotFound) {
		err = nil
	}
	if err = errors.Join(err, e.Close()); err != nil {
		t.Fatal(err)
	}
	return string(value)
}

func set(e kv.Engine, value string, d kv.Durability) error {
	var b kv.Batch
	b.Set([]byte("k"), []byte(value))
	return e.Apply(&b, d)
}

// reads are the ways to read the key k.
var reads = map[string]func(e kv.Engine) (string, error){
	"get": func(e kv.Engine) (string, error) {
		value, err := e.Get(nil, []byte("k"))
		return string(value), err
	},
	"scan": func(e kv.Engine) (string, error) {
		return first(e)
	},
	"snapshot": func(e kv.Engine) (string, error) {
		s, err := e.Snapshot()
		if err != nil {
			return "", err
		}
		value, err := s.Get(nil, []byte("k"))
		return string(value), errors.Join(err, s.Close())
	},
	"scan of a snapshot": func(e kv.Engine) (string, error) {
		s, err := e.Snapshot()
		if err != nil {
			return "", err
		}
		value, err := first(s)
		return value, errors.Join(err, s.Close())
	},
}

func first(r kv.Reader) (string, error) {
	it := r.Scan(nil, nil)
	it.First()
	value := string(it.Value())
	return value, it.Close()
}

// read is what a read returned.
type read struct {
	how, value string
	err        error
}

// TestReadsOverACrash holds the sync of a write and lets readers read meanwhile,
// beside it a crash shows what is left. Without durable reads the readers see the
// write and the crash takes it back: such a history is not linearizable. With them a
// reader either sees what was there before, or waits until the sync is done.
func TestReadsOverACrash(t *testing.T) {
	for _, name := range []string{"lsm-skiplist", "lsm-rbtree", "lsm-bptree", "pebble"} {
		for _, durable := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", name, durable), func(t *testing.T) { readOverACrash(t, name, durable) })
		}
	}
}

func readOverACrash(t *testing.T, name string, durable bool) {
	d := newHeldDisk(t)
	e, err := Open(name, "/db", Options{FS: d.fs, Durability: kv.Synced, Small: true, DurableReads: durable})
	if err != nil {
		t.Fatal(err)
	}
	if err := set(e, "old", kv.Synced); err != nil {
		t.Fatal(err)
	}
	d.holds.Store(true)
	written := make(chan error, 1)
	go func() { written <- set(e, "new", kv.Synced) }()
	release := <-d.held // the write is published, or will be before its sync ends

	results := make(chan read, len(reads))
	for how, do := range reads {
		go func() {
			value, err := do(e)
			for !durable && err == nil && value == "old" { // not published yet
				value, err = do(e)
			}
			results <- read{how, value, err}
		}()
	}
	seen := 0
	early := func(r read) {
		seen++
		left := d.after(t, name, vfs.CrashOptions{})
		switch {
		case r.err != nil:
			t.Errorf("%s: %v", r.how, r.err)
		case left != "old":
			t.Errorf("%s: a power failure leaves %q of a write that was not synced", r.how, left)
		case durable && r.value != left:
			t.Errorf("%s saw %q, a power failure leaves %q", r.how, r.value, left)
		case !durable && r.value != "new":
			t.Errorf("%s saw %q beside the sync: this test shows nothing", r.how, r.value)
		}
	}
	// Own engines do not wait, but for a snapshot; without the option nobody does.
	expected := len(reads)
	if durable {
		if expected = 2; name == "pebble" {
			expected = 0
		}
	}
	for seen < expected {
		early(<-results)
	}
	for done := false; !done; {
		select {
		case r := <-results:
			early(r)
		default:
			done = true
		}
	}
	d.holds.Store(false)
	close(release)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	for ; seen < len(reads); seen++ {
		if r := <-results; r.err != nil { // it may have read before the write was published
			t.Errorf("%s: %v", r.how, r.err)
		}
	}
	for how, do := range reads {
		if value, err := do(e); err != nil || value != "new" {
			t.Errorf("after the sync %s saw %q, %v", how, value, err)
		}
	}
	if left := d.after(t, name, vfs.CrashOptions{}); left != "new" {
		t.Errorf("a power failure leaves %q of a write that was acknowledged", left)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSyncIntervalOfEngines: an engine bounds what a power failure takes, or refuses
// to. Here the clock is real and the interval short, but nothing is timed: a write
// is there in some crash soon, without any sync that it asked for.
func TestSyncIntervalOfEngines(t *testing.T) {
	for _, name := range Names() {
		info, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{SyncInterval: 2 * time.Millisecond, Small: true}
		var disk *vfs.Mem
		dir := t.TempDir()
		if info.AnyFS {
			d := newHeldDisk(t)
			disk, dir, o.FS = d.Mem, "/db", d.fs
		}
		e, err := Open(name, dir, o)
		if !info.SyncsOnDemand {
			if !errors.Is(err, kv.ErrUnsupported) {
				t.Errorf("%s: %v, want %v", name, err, kv.ErrUnsupported)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := e.(kv.Syncer); !ok {
			t.Errorf("%s takes a sync interval and is no kv.Syncer", name)
		}
		if err := set(e, "buffered", kv.Buffered); err != nil {
			t.Fatal(err)
		}
		if disk != nil {
			d := heldDisk{Mem: disk}
			for deadline := time.Now().Add(time.Minute); d.after(t, name, vfs.CrashOptions{}) != "buffered"; {
				if time.Now().After(deadline) {
					t.Fatalf("%s: not durable after a minute", name)
				}
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open("lsm-bptree", t.TempDir(), Options{SyncInterval: 1}); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("an interval of 1 ns: %v", err)
	}
}

// TestDurableReadsOfPeers: every engine passes what of its suite depends on when a
// write is seen with durable reads, and one
// that fixes a weaker level refuses.
func TestDurableReadsOfPeers(t *testing.T) {
	for _, name := range Names() {
		info, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.FixedDurability {
			_, err := Open(name, t.TempDir(), Options{Durability: kv.Buffered, DurableReads: true})
			if !errors.Is(err, kv.ErrUnsupported) {
				t.Errorf("%s at buffered: %v, want %v", name, err, kv.ErrUnsupported)
			}
		}
		if strings.HasPrefix(name, "lsm-") {
			continue // its package runs the suite
		}
		t.Run(name, func(t *testing.T) {
			h := kvtest.Harness{Open: func(dir string) (kv.Engine, error) {
				return Open(name, dir, Options{Durability: kv.Synced, DurableReads: true, MemTableSize: 8 << 20, CacheSize: 1 << 20})
			}}
			for _, c := range kvtest.Cases() {
				switch c.Name {
				case "ScanWhileWriting", "CloseWhileWorking", "CloseUnderReaders", "DurabilityMixed":
					t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
				}
			}
		})
	}
}
