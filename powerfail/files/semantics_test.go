package files

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lsmlab/engines/vfs"
	"lsmlab/engines/vfs/vfstest"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/internal/tiertest"
	"lsmlab/powerfail/model"
)

// serveFor runs do on a recorded directory and returns the log. What lies there at
// the end must be what the log says.
func serveFor(t *testing.T, do func(dir string)) *Log {
	t.Helper()
	stage := newStage(t)
	name := filepath.Join(t.TempDir(), LogName)
	var want string
	tiertest.Check(t, Record(context.Background(), stage, Source{
		Server: tiertest.Self("serve"),
		Workload: func(_ context.Context, p disk.Place) error {
			do(p.Dir)
			want = show(t, p.Dir)
			return nil
		},
	}, name))
	l := tiertest.Must(readLog(name))(t)
	if got := left(t, l, l.end); got != want {
		t.Errorf("the directory holds\n%s\nand by the log\n%s", want, got)
	}
	return l
}

// left shows what a kill at a position leaves.
func left(t *testing.T, l *Log, position int) string {
	t.Helper()
	at := newReplay(l, false)
	tiertest.Check(t, at.to(position))
	s := model.Kill()
	s.Make(at.mem, nil)
	dir := filepath.Join(t.TempDir(), "left")
	tiertest.Check(t, writeTree(s.Disk, dir, at.modes))
	return show(t, dir)
}

// show shows a directory with all that is in it.
func show(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	first := map[uint64]string{}
	tiertest.Check(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info := tiertest.Must(d.Info())(t)
		path := strings.TrimPrefix(name, dir)
		switch {
		case d.IsDir():
			fmt.Fprintf(&b, "%s/\n", path)
		case d.Type()&fs.ModeSymlink != 0:
			fmt.Fprintf(&b, "%s -> %s\n", path, tiertest.Must(os.Readlink(name))(t))
		case d.Type().IsRegular():
			var st unix.Stat_t
			tiertest.Check(t, unix.Stat(name, &st))
			if first[st.Ino] == "" {
				first[st.Ino] = path
			}
			fmt.Fprintf(&b, "%s (%s) %v %d %q\n", path, first[st.Ino], info.Mode(), info.Size(), tiertest.Must(os.ReadFile(name))(t))
		}
		return nil
	}))
	return b.String()
}

// The suite of all file systems holds on a recorded directory too.
func TestSuite(t *testing.T) {
	serveFor(t, func(dir string) {
		vfstest.Run(t, func(t *testing.T) (vfs.FS, string) {
			sub := tiertest.Must(os.MkdirTemp(dir, "suite"))(t)
			t.Cleanup(func() { tiertest.Check(t, os.RemoveAll(sub)) }) // its files are large
			return vfs.OS, sub
		})
	})
}

// What shells and coreutils do is in the log: links, exchanges, holes, permissions,
// open files that have no name, and what is not part of a state does no harm.
func TestShell(t *testing.T) {
	l := serveFor(t, func(dir string) {
		out, err := exec.Command("sh", "-e", "-c", `cd "$1"
mkdir -p a/b; echo one > a/b/1; ln a/b/1 a/2; ln -s a sym; echo two >> sym/2; cat sym/b/1
mv a/b c; truncate -s 100000 c/1; printf x | dd of=c/1 bs=1 seek=70000 conv=notrunc status=none
fallocate -l 9000 c/3; echo data > c/4; fallocate -p -o 0 -l 3 c/4; chmod 600 c/4
mkfifo pipe; mv pipe pipe2; rm pipe2
exec 3>gone 4<gone; rm gone; echo still >&3; read line <&4; [ "$line" = still ]
echo x > e1; echo y > e2; mv --exchange e1 e2 2>/dev/null || { mv e1 e3; mv e2 e1; mv e3 e2; }
mkdir d1 d2; rmdir d2; mv -T d1 d2; cp -r c copy; cp --sparse=always c/1 c/5
dd if=/dev/urandom of=big bs=1M count=3 oflag=direct status=none; sync big
`, "sh", dir).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	})
	kinds := map[Kind]int{}
	for _, e := range l.Entries {
		kinds[e.Kind]++
	}
	for _, k := range []Kind{Create, Mkdir, Symlink, Link, Remove, Rename, Chmod, Truncate, Allocate, Write, Zero, Sync} {
		if kinds[k] == 0 {
			t.Errorf("no %s in the log: %v", k, kinds)
		}
	}
}

// Stores to a mapping are in the log by the time that msync returns, and those of a
// mapping that was never synced once it is gone; O_DSYNC syncs what it writes.
func TestMappedAndDSync(t *testing.T) {
	l := serveFor(t, func(dir string) {
		f := tiertest.Must(os.OpenFile(filepath.Join(dir, "m"), os.O_RDWR|os.O_CREATE, 0o600))(t)
		tiertest.Check(t, f.Truncate(8192))
		m := tiertest.Must(unix.Mmap(int(f.Fd()), 0, 8192, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED))(t)
		copy(m[4000:], "mapped")
		tiertest.Check(t, unix.Msync(m, unix.MS_SYNC))
		copy(m[100:], "late")
		tiertest.Check(t, unix.Munmap(m))
		tiertest.Check(t, f.Close())
		d := tiertest.Must(os.OpenFile(filepath.Join(dir, "d"), os.O_RDWR|os.O_CREATE|unix.O_DSYNC, 0o600))(t)
		tiertest.Must(d.Write([]byte("dsync")))(t)
		tiertest.Check(t, d.Close())
	})
	var order []string
	for _, e := range l.Entries[2:] {
		order = append(order, string(e.Kind))
	}
	// The kernel syncs after a write with O_DSYNC too, some kernels the whole file.
	text := strings.Join(order, " ")
	if !strings.HasPrefix(text, "create truncate write syncdata write create write syncdata") {
		t.Errorf("order %s", text)
	}
}
