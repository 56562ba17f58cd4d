// Package vfstest is the conformance suite of [vfs.FS]. It judges what every
// implementation does alike while nothing crashes.
package vfstest

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// Run checks the file systems that newFS makes. Each call of newFS returns one, with
// the path of a directory in it. The directory must exist, be empty, and belong to this
// call alone.
func Run(t *testing.T, newFS func(t *testing.T) (vfs.FS, string)) {
	for _, c := range []struct {
		name string
		test func(*fixture)
	}{
		{"ReadWrite", testReadWrite},
		{"CreateEmpties", testCreateEmpties},
		{"Sizes", testSizes},
		{"OpenMissing", testOpenMissing},
		{"ReadOnly", testReadOnly},
		{"Closed", testClosed},
		{"DSync", testDSync},
		{"Syncs", testSyncs},
		{"Remove", testRemove},
		{"Rename", testRename},
		{"Link", testLink},
		{"Directories", testDirectories},
		{"OpenFileOutlivesName", testOpenFileOutlivesName},
		{"Map", testMap},
		{"MapWritable", testMapWritable},
		{"Lock", testLock},
		{"Concurrent", testConcurrent},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys, dir := newFS(t)
			c.test(&fixture{t, fsys, dir})
		})
	}
}

// fixture is one test's file system; its helpers end the test on an error.
type fixture struct {
	*testing.T
	fs  vfs.FS
	dir string
}

func (x *fixture) path(name string) string { return path.Join(x.dir, name) }

func (x *fixture) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

// mustBe checks that err matches want and names the operation's path.
func (x *fixture) mustBe(err, want error) {
	x.Helper()
	if !errors.Is(err, want) {
		x.Fatalf("error %v, want %v", err, want)
	}
	if !strings.Contains(err.Error(), x.dir) {
		x.Errorf("error %q does not name the path", err)
	}
}

func (x *fixture) create(name, content string) vfs.File {
	x.Helper()
	f, err := x.fs.Create(x.path(name))
	x.must(err)
	x.write(f, content, 0)
	return f
}

func (x *fixture) write(f vfs.File, content string, off int64) {
	x.Helper()
	n, err := f.WriteAt([]byte(content), off)
	if err != nil || n != len(content) {
		x.Fatalf("WriteAt of %d bytes at %d: %d, %v", len(content), off, n, err)
	}
}

// content checks what a whole file holds, by its handle.
func (x *fixture) content(f vfs.File, want string) {
	x.Helper()
	size, err := f.Size()
	x.must(err)
	got := make([]byte, size)
	n, err := f.ReadAt(got, 0)
	if err != nil && err != io.EOF || int64(n) != size || string(got) != want {
		x.Fatalf("file holds %.100q (%d bytes, read %d: %v), want %.100q", got, size, n, err, want)
	}
}

// named checks what the file called name holds.
func (x *fixture) named(name, want string) {
	x.Helper()
	f, err := x.fs.Open(x.path(name))
	x.must(err)
	x.content(f, want)
	size, err := x.fs.Stat(x.path(name))
	x.must(err)
	if size != int64(len(want)) {
		x.Fatalf("Stat says %d bytes, want %d", size, len(want))
	}
	x.must(f.Close())
}

func testReadWrite(x *fixture) {
	f := x.create("a", "hello")
	defer f.Close()
	x.write(f, "J", 0)
	x.write(f, "tail", 10000)
	want := "Jello" + strings.Repeat("\x00", 9995) + "tail"
	x.content(f, want)
	x.named("a", want)

	buf := make([]byte, 10)
	if n, err := f.ReadAt(buf, 9996); n != 8 || err != io.EOF {
		x.Errorf("read over the end: %d, %v, want 8, EOF", n, err)
	}
	if n, err := f.ReadAt(buf, 10004); n != 0 || err != io.EOF {
		x.Errorf("read at the end: %d, %v, want 0, EOF", n, err)
	}
	if n, err := f.ReadAt(buf, 9994); n != 10 || err != nil {
		x.Errorf("read up to the end: %d, %v, want 10, nil", n, err)
	}
	if n, err := f.ReadAt(nil, 0); n != 0 || err != nil {
		x.Errorf("empty read: %d, %v, want 0, nil", n, err)
	}
	if _, err := f.ReadAt(buf, -1); err == nil || err == io.EOF {
		x.Errorf("read at -1: %v, want an error", err)
	}
	if _, err := f.WriteAt(buf, -1); err == nil {
		x.Error("write at -1 succeeded")
	}
	x.write(f, "", 20000)
	x.content(f, want) // an empty write does not grow the file
}

func testCreateEmpties(x *fixture) {
	first := x.create("a", "old content")
	defer first.Close()
	second, err := x.fs.Create(x.path("a"))
	x.must(err)
	defer second.Close()
	x.content(first, "")
	x.write(second, "new", 0)
	x.content(first, "new")
}

func testSizes(x *fixture) {
	f := x.create("a", strings.Repeat("x", 5000))
	defer f.Close()
	x.must(f.Truncate(4500))
	x.must(f.Truncate(4800)) // what was cut off is gone
	x.content(f, strings.Repeat("x", 4500)+strings.Repeat("\x00", 300))
	x.must(f.Allocate(100)) // never shrinks
	x.must(f.Allocate(0))
	x.must(f.Allocate(9000))
	x.content(f, strings.Repeat("x", 4500)+strings.Repeat("\x00", 4500))
	x.must(f.Truncate(0))
	x.content(f, "")
	if f.Truncate(-1) == nil || f.Allocate(-1) == nil {
		x.Error("a negative size was accepted")
	}
}

func testOpenMissing(x *fixture) {
	for _, open := range []func(string) (vfs.File, error){x.fs.Open, x.fs.OpenReadWrite, x.fs.OpenDSync} {
		_, err := open(x.path("none"))
		x.mustBe(err, fs.ErrNotExist)
	}
	_, err := x.fs.Create(x.path("none/a"))
	x.mustBe(err, fs.ErrNotExist)
	_, err = x.fs.Stat(x.path("none"))
	x.mustBe(err, fs.ErrNotExist)
}

func testReadOnly(x *fixture) {
	x.must(x.create("a", "text").Close())
	f, err := x.fs.Open(x.path("a"))
	x.must(err)
	defer f.Close()
	if _, err := f.WriteAt([]byte("z"), 0); err == nil {
		x.Error("write succeeded")
	}
	if err := f.Truncate(0); err == nil {
		x.Error("truncate succeeded")
	}
	if _, err := f.MapWritable(); err == nil {
		x.Error("writable mapping succeeded")
	}
	x.content(f, "text")
}

func testClosed(x *fixture) {
	f := x.create("a", "text")
	x.must(f.Close())
	_, readErr := f.ReadAt(make([]byte, 1), 0)
	_, writeErr := f.WriteAt([]byte("z"), 0)
	_, sizeErr := f.Size()
	_, mapErr := f.Map()
	for i, err := range []error{
		readErr, writeErr, sizeErr, mapErr, f.Truncate(0), f.Allocate(10),
		f.Sync(), f.SyncData(), f.Close(),
	} {
		if !errors.Is(err, fs.ErrClosed) {
			x.Errorf("call %d on a closed file: %v, want ErrClosed", i, err)
		}
	}
}

func testDSync(x *fixture) {
	x.must(x.create("a", "text").Close())
	f, err := x.fs.OpenDSync(x.path("a"))
	x.must(err)
	defer f.Close()
	x.write(f, "TEXT more", 0)
	x.content(f, "TEXT more")
}

func testSyncs(x *fixture) {
	f := x.create("a", "text")
	defer f.Close()
	x.must(f.Sync())
	x.must(f.SyncData())
	x.must(x.fs.SyncDir(x.dir))
	x.mustBe(x.fs.SyncDir(x.path("none")), fs.ErrNotExist)
	x.content(f, "text")
}

func testRemove(x *fixture) {
	x.must(x.create("a", "text").Close())
	x.must(x.fs.Remove(x.path("a")))
	x.mustBe(x.fs.Remove(x.path("a")), fs.ErrNotExist)
	x.must(x.fs.MkdirAll(x.path("d")))
	x.must(x.create("d/b", "").Close())
	if x.fs.Remove(x.path("d")) == nil {
		x.Error("a directory that is not empty was removed")
	}
	x.must(x.fs.Remove(x.path("d/b")))
	x.must(x.fs.Remove(x.path("d")))
	x.list(".")
}

func testRename(x *fixture) {
	x.must(x.create("a", "A").Close())
	x.must(x.create("b", "B").Close())
	x.must(x.fs.Rename(x.path("a"), x.path("b")))
	x.named("b", "A")
	x.must(x.fs.Rename(x.path("b"), x.path("b")))
	x.must(x.fs.MkdirAll(x.path("d/e")))
	x.must(x.fs.Rename(x.path("b"), x.path("d/c")))
	x.named("d/c", "A")
	x.list(".", "d")
	x.must(x.fs.Rename(x.path("d"), x.path("f")))
	x.named("f/c", "A")
	x.mustBe(x.fs.Rename(x.path("a"), x.path("b")), fs.ErrNotExist)
	if x.fs.Rename(x.path("f"), x.path("f/e/f")) == nil {
		x.Error("a directory was moved into itself")
	}
}

func testLink(x *fixture) {
	f := x.create("a", "text")
	defer f.Close()
	x.must(x.fs.MkdirAll(x.path("d")))
	x.must(x.fs.Link(x.path("a"), x.path("d/b")))
	x.named("d/b", "text")
	x.write(f, "T", 0)
	x.named("d/b", "Text")
	x.must(x.fs.Remove(x.path("a")))
	x.named("d/b", "Text")
	x.mustBe(x.fs.Link(x.path("a"), x.path("c")), fs.ErrNotExist)
	x.mustBe(x.fs.Link(x.path("d/b"), x.path("d/b")), fs.ErrExist)
	x.mustBe(x.fs.Link(x.path("d/b"), x.path("none/b")), fs.ErrNotExist)
	if x.fs.Link(x.path("d"), x.path("e")) == nil {
		x.Error("a directory was given another name")
	}
	x.list(".", "d")
	x.must(vfs.LinkOrCopy(x.fs, x.path("d/b"), x.path("c")))
	x.named("c", "Text")
}

// list checks the names in a directory.
func (x *fixture) list(dir string, want ...string) {
	x.Helper()
	got, err := x.fs.List(x.path(dir))
	x.must(err)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		x.Errorf("%s lists %q, want %q", dir, got, want)
	}
}

func testDirectories(x *fixture) {
	x.list(".")
	x.must(x.fs.MkdirAll(x.path("d/e")))
	x.must(x.fs.MkdirAll(x.path("d")))
	for _, name := range []string{"z", "A", "m", "d/q"} {
		x.must(x.create(name, "").Close())
	}
	x.list(".", "A", "d", "m", "z")
	x.list("d", "e", "q")
	_, err := x.fs.List(x.path("none"))
	x.mustBe(err, fs.ErrNotExist)
	if x.fs.MkdirAll(x.path("z/y")) == nil {
		x.Error("a directory was made in a file")
	}
	if _, err := x.fs.Create(x.path("d")); err == nil {
		x.Error("a directory was opened as a new file")
	}
	if _, err := x.fs.Stat(x.path("d")); err != nil {
		x.Errorf("Stat of a directory: %v", err)
	}
}

func testOpenFileOutlivesName(x *fixture) {
	f := x.create("a", "text")
	defer f.Close()
	x.must(x.fs.Rename(x.path("a"), x.path("b")))
	x.write(f, "T", 0)
	x.named("b", "Text")
	x.must(x.fs.Remove(x.path("b")))
	x.write(f, "!", 4)
	x.content(f, "Text!")
}

func testMap(x *fixture) {
	text := strings.Repeat("0123456789", 1000)
	f := x.create("a", text)
	m, err := f.Map()
	x.must(err)
	x.must(f.Close())
	x.must(x.fs.Remove(x.path("a")))
	if string(m.Bytes()) != text {
		x.Error("the mapping differs from what was written")
	}
	for _, part := range [][2]int64{{0, 10_000}, {1, 9_999}, {4096, 8192}, {5, 5}, {9_000, 20_000}, {20_000, 30_000}} {
		if m.Forget(part[0], part[1]); string(m.Bytes()) != text {
			x.Errorf("after Forget of %v the mapping differs from what was written", part)
		}
	}
	x.must(m.Unmap())

	empty := x.create("b", "")
	defer empty.Close()
	m, err = empty.Map()
	x.must(err)
	if len(m.Bytes()) != 0 {
		x.Errorf("the mapping of an empty file has %d bytes", len(m.Bytes()))
	}
	x.must(m.Unmap())
}

func testMapWritable(x *fixture) {
	f := x.create("a", strings.Repeat("a", 9000))
	w, err := f.MapWritable()
	x.must(err)
	b := w.Bytes()
	if len(b) != 9000 {
		x.Fatalf("mapping of %d bytes, want 9000", len(b))
	}
	w.Populate(100, 20_000) // beyond the end too, and stores nothing
	copy(b[5000:], "mapped")
	x.write(f, "written", 100)
	if string(b[100:107]) != "written" {
		x.Errorf("the mapping shows %q of a write", b[100:107])
	}
	copy(b[8994:], "theend")
	w.Forget(0, 9000) // what was stored stays
	want := []byte(strings.Repeat("a", 9000))
	copy(want[5000:], "mapped")
	copy(want[100:], "written")
	copy(want[8994:], "theend")
	x.content(f, string(want))
	x.must(f.SyncData())
	x.must(f.Close())
	copy(b, "late") // the mapping outlives the handle
	copy(want, "late")
	x.named("a", string(want))
	x.must(w.Unmap())
	x.named("a", string(want))

	empty := x.create("b", "")
	defer empty.Close()
	w, err = empty.MapWritable()
	x.must(err)
	if len(w.Bytes()) != 0 {
		x.Errorf("the mapping of an empty file has %d bytes", len(w.Bytes()))
	}
	x.must(w.Unmap())
}

func testLock(x *fixture) {
	lock, err := x.fs.Lock(x.path("LOCK"))
	x.must(err)
	_, err = x.fs.Lock(x.path("LOCK"))
	x.mustBe(err, kv.ErrInUse)
	if want := "store is in use by process "; !strings.HasPrefix(err.Error(), want) {
		x.Errorf("error %q, want %q and the id", err, want)
	}
	if pid := strconv.Itoa(os.Getpid()); !strings.Contains(err.Error(), pid) {
		x.Errorf("error %q does not name process %s", err, pid)
	}
	x.must(lock.Close())
	lock, err = x.fs.Lock(x.path("LOCK"))
	x.must(err)
	x.must(lock.Close())
	_, err = x.fs.Lock(x.path("none/LOCK"))
	x.mustBe(err, fs.ErrNotExist)
}
