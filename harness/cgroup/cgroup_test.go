package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"lsmlab/engines/testneed"
)

// machine makes the files of a machine: what /proc/self says, and a tree of groups.
func machine(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFind: the group of version 1, of version 2, of both on one machine, of a container
// that sees its own groups alone, and none.
func TestFind(t *testing.T) {
	const (
		v1 = "32 31 0:29 / DIR/fs/memory rw - cgroup cgroup rw,memory\n33 31 0:30 / DIR/fs/cpu rw - cgroup cgroup rw,cpu\n"
		v2 = "41 31 0:38 / DIR/fs/unified rw shared:1 - cgroup2 cgroup2 rw\n"
	)
	for name, c := range map[string]struct {
		files      map[string]string
		parent, is string // below the machine's directory; what the error says
	}{
		"version 1": {map[string]string{"mountinfo": v1, "cgroup": "4:memory:/a/b\n1:cpu:/\n"}, "fs/memory/a/b", ""},
		"both":      {map[string]string{"mountinfo": v1 + v2, "cgroup": "4:memory:/a\n0::/\n", "fs/unified/cgroup.controllers": "hugetlb\n"}, "fs/memory/a", ""},
		"version 1 that does not pass limits on": {
			map[string]string{"mountinfo": v1, "cgroup": "4:memory:/a\n", "fs/memory/a/memory.use_hierarchy": "0\n"}, "", "would escape its limits",
		},
		"version 2": {map[string]string{
			"mountinfo": v2, "cgroup": "0::/a/b\n", "fs/unified/cgroup.controllers": "cpu memory\n", "fs/unified/a/b/cgroup.subtree_control": "memory\n",
		}, "fs/unified/a/b", ""},
		"version 2, handed on one above": {map[string]string{
			"mountinfo": v2, "cgroup": "0::/a/b\n", "fs/unified/cgroup.controllers": "cpu memory\n", "fs/unified/a/b/memory.max": "max\n",
			"fs/unified/a/cgroup.subtree_control": "memory\n",
		}, "fs/unified/a", ""},
		"version 2, this one limited": {map[string]string{
			"mountinfo": v2, "cgroup": "0::/a/b\n", "fs/unified/cgroup.controllers": "memory\n", "fs/unified/a/b/memory.max": "1000000\n",
			"fs/unified/a/cgroup.subtree_control": "memory\n",
		}, "", "would escape that limit"},
		"container": {map[string]string{
			"mountinfo": "41 31 0:38 /box DIR/fs/unified rw - cgroup2 cgroup2 rw\n", "cgroup": "0::/box\n",
			"fs/unified/cgroup.controllers": "memory\n", "fs/unified/cgroup.subtree_control": "memory\n",
		}, "fs/unified", ""},
		"no memory controller": {map[string]string{"mountinfo": v2, "cgroup": "0::/\n", "fs/unified/cgroup.controllers": "cpu\n"}, "", "needs the memory controller"},
		"no groups":            {map[string]string{"mountinfo": "", "cgroup": ""}, "", "needs the memory controller"},
		"no proc":              {map[string]string{}, "", "needs control groups"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := machine(t, c.files)
			var parent string
			h, err := Find(dir)
			if err == nil {
				if err := os.MkdirAll(h.own, 0o755); err != nil {
					t.Fatal(err)
				}
				if h.v2 { // a kernel has this file, and refuses the write
					refuseHandingOn(t, h)
				}
				parent, err = h.parent()
			}
			switch {
			case c.is != "" && (err == nil || !strings.Contains(err.Error(), c.is)):
				t.Errorf("error %v, want %q", err, c.is)
			case c.is == "" && (err != nil || parent != filepath.Join(dir, c.parent)):
				t.Errorf("groups are made in %s (%v), want %s", parent, err, c.parent)
			}
		})
	}
}

// refuseHandingOn makes writes to the control files that are missing fail, by a directory
// in their place.
func refuseHandingOn(t *testing.T, h *Host) {
	for dir := h.own; len(dir) >= len(h.root); dir = filepath.Dir(dir) {
		control := filepath.Join(dir, "cgroup.subtree_control")
		if _, err := os.Stat(control); errors.Is(err, fs.ErrNotExist) {
			if err := os.Mkdir(control, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// group makes a real group, on a machine that lets this test do so.
func group(t *testing.T, limit int64) *Group {
	t.Helper()
	h, err := Find("/proc/self")
	var g *Group
	if err == nil {
		g, err = h.New(limit)
	}
	if err != nil {
		testneed.Missing(t, fmt.Sprintf("a control group that limits memory: %v", err))
	}
	t.Cleanup(func() {
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// TestGroup: a process is in its group, and the group goes away with it.
func TestGroup(t *testing.T) {
	g := group(t, 64<<20)
	cmd := exec.Command("cat") // which waits
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := g.Add(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	is, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "cgroup"))
	if err != nil || !strings.Contains(string(is), filepath.Base(g.Dir())) {
		t.Errorf("the process is in %s (%v), want %s", is, err, g.Dir())
	}
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(g.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the group is still there: %v", err)
	}
}

// TestLimit: a process that takes more memory than its group has is killed.
func TestLimit(t *testing.T) {
	g := group(t, 32<<20)
	cmd := exec.Command("sh", "-c", "read go; head -c 400M /dev/zero | tail -c 300M >/dev/null") // tail keeps what it reads
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := g.Add(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	_, _ = stdin.Write([]byte("go\n"))
	const killed = 128 + int(syscall.SIGKILL) // as a shell says it
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != killed {
		t.Errorf("the process ended by %v, want exit status %d", err, killed)
	}
}
