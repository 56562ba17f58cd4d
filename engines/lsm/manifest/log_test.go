package manifest

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

func TestLogRoundTrip(t *testing.T) {
	fsys := newStore(t)
	if _, _, err := Load(fsys, "/db"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Load of a new store: %v, want ErrNotExist", err)
	}
	edits := history()
	want := versions(t, edits)
	l, err := Create(fsys, "/db", 1, want[0])
	check(t, err)
	for i, e := range edits {
		check(t, l.Append(e))
		expect(t, fsys, 1, want[i+1])
	}
	if size := int64(len(get(t, fsys, FileName(1)))); l.Size() != size || l.FileNum() != 1 {
		t.Errorf("Size %d, FileNum %d, want %d, 1", l.Size(), l.FileNum(), size)
	}
	check(t, l.Close())
	if err := l.Append(edits[0]); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if err := l.Close(); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	write(t, fsys, 9, want[len(edits)], nil)
	expect(t, fsys, 9, want[len(edits)])
}

func expect(t *testing.T, fsys vfs.FS, fileNum uint64, want *Version) {
	t.Helper()
	v, n, err := Load(fsys, "/db")
	check(t, err)
	if n != fileNum || show(v) != show(want) {
		t.Fatalf("Load gives manifest %d, %s\nwant %d, %s", n, show(v), fileNum, show(want))
	}
}

func TestLogOnOS(t *testing.T) {
	dir := t.TempDir()
	want := versions(t, history())[5]
	l, err := Create(vfs.OS, dir, 1, want)
	check(t, err)
	check(t, l.Close())
	v, _, err := Load(vfs.OS, dir)
	check(t, err)
	if show(v) != show(want) {
		t.Errorf("Load gives %s", show(v))
	}
}

func TestCreateRefusesTheOneInForce(t *testing.T) {
	fsys := newStore(t)
	all := versions(t, history())
	write(t, fsys, 4, all[1], nil)
	if _, err := Create(fsys, "/db", 4, all[0]); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v, want ErrExist", err)
	}
	expect(t, fsys, 4, all[1])
}

// Whichever operation of Create fails, one of the two manifests is in force,
// whole, and a later Create works.
func TestCreateFails(t *testing.T) {
	all := versions(t, history())
	for n := 0; ; n++ {
		m := newStore(t)
		write(t, m, 1, all[3], nil)
		ops := 0
		fsys := vfs.NewInject(m, func(op vfs.Op) (f vfs.Fault) {
			if op.Kind.Mutates() {
				if ops == n {
					f.Err = syscall.EIO
				}
				ops++
			}
			return f
		})
		if _, err := Create(fsys, "/db", 7, all[4]); err == nil {
			if n != ops {
				t.Errorf("operation %d of %d failed unseen", n, ops)
			}
			return
		}
		v, fileNum, err := Load(m, "/db")
		check(t, err)
		if want := map[uint64]*Version{1: all[3], 7: all[4]}[fileNum]; show(v) != show(want) {
			t.Errorf("operation %d failed: manifest %d gives %s", n, fileNum, show(v))
		}
		write(t, m, 8, all[5], nil)
		expect(t, m, 8, all[5])
	}
}

func TestAppendFails(t *testing.T) {
	for _, kind := range []vfs.OpKind{vfs.OpWrite, vfs.OpSyncData} {
		m := newStore(t)
		var fault vfs.Fault
		fsys := vfs.NewInject(m, func(op vfs.Op) vfs.Fault {
			if op.Kind == kind {
				return fault
			}
			return vfs.Fault{}
		})
		edits := history()
		all := versions(t, edits)
		l, err := Create(fsys, "/db", 1, all[0])
		check(t, err)
		check(t, l.Append(edits[0]))
		fault = vfs.Fault{Err: syscall.EIO, Short: 20}
		first := l.Append(edits[1])
		fault = vfs.Fault{}
		if second := l.Append(edits[1]); !errors.Is(first, syscall.EIO) || second != first {
			t.Errorf("%s failed: Append returns %v and then %v, want EIO twice", kind, first, second)
		}
		check(t, l.Close())
		v, _, err := Load(m, "/db")
		check(t, err)
		if got := show(v); got != show(all[1]) && got != show(all[2]) {
			t.Errorf("%s failed: Load gives %s", kind, got)
		}
	}
}

func TestNames(t *testing.T) {
	for _, n := range []uint64{0, 1, 999999, 1000000, 1<<64 - 1} {
		if got, ok := ParseFileName(FileName(n)); got != n || !ok {
			t.Errorf("%s parses as %d, %v", FileName(n), got, ok)
		}
	}
	for _, name := range []string{
		"", "MANIFEST-", "MANIFEST-1", "MANIFEST-0000001", "MANIFEST-00000x",
		"MANIFEST-+00001", "manifest-000001", "CURRENT", "MANIFEST-99999999999999999999",
	} {
		if n, ok := ParseFileName(name); ok {
			t.Errorf("%q parses as %d", name, n)
		}
	}
}

// The whole format, byte by byte: a change of any must be a new version of it.
func TestGolden(t *testing.T) {
	fsys := newStore(t)
	write(t, fsys, 7, &Version{}, history()[:1])
	got := strings.Split(strings.TrimSpace(dump(get(t, fsys, FileName(7)))+dump(get(t, fsys, CurrentName))), "\n")
	want := strings.Split(strings.TrimSpace(golden), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("written bytes changed:\n%s", strings.Join(got, "\n"))
	}
}

// TestAppendWithoutSpace: an edit whose record lacks its last byte is not in force, also
// where an edit that failed before it left a byte of that value right there.
func TestAppendWithoutSpace(t *testing.T) {
	m := newStore(t)
	full := false
	l, err := Create(vfs.NewInject(m, func(op vfs.Op) vfs.Fault {
		if full && op.Kind == vfs.OpWrite {
			return vfs.Fault{Err: syscall.ENOSPC, Short: 1 << 20}
		}
		return vfs.Fault{}
	}), "/db", 1, &Version{})
	check(t, err)
	long := history()[2]
	record, err := appendRecord(nil, appendEdit(nil, long), 1, l.Size())
	check(t, err)
	short := &Edit{FlushedSeq: 1 << 20}
	at := recordHeaderSize + len(appendEdit(nil, short)) + 1 // of the last byte, with NextFileID
	short.NextFileID = uint64(record[at])
	if short.NextFileID == 0 || short.NextFileID > 127 {
		t.Fatalf("byte %d is %d, want one that ends a number", at, record[at])
	}
	full = true
	for _, e := range []*Edit{long, short} {
		if err := l.Append(e); !errors.Is(err, kv.ErrExhausted) {
			t.Fatalf("%v, want %v", err, kv.ErrExhausted)
		}
	}
	v, _, err := Load(m, "/db")
	check(t, err)
	if v.FlushedSeq != 0 {
		t.Errorf("an edit that was refused is in force: %s", show(v))
	}
	check(t, l.Close())
}
