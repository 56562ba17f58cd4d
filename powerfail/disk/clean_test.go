package disk

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lsmlab/powerfail/internal/tiertest"
)

// waitFor waits until ready, or ends the test.
func waitFor(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for start := time.Now(); !ready(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatalf("no %s within a minute", what)
		}
	}
}

// leftovers are all that the kernel still has of a stage.
func leftovers(t *testing.T, dir string) (left []string) {
	t.Helper()
	for _, m := range tiertest.Must(mounts(dir + "/"))(t) {
		left = append(left, m.dir)
	}
	left = append(left, tiertest.Must(loopsOf(dir))(t)...)
	for _, pid := range tiertest.Must(processes(dir))(t) {
		left = append(left, "process "+commandLine(pid))
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		left = append(left, dir)
	}
	return left
}

func commandLine(pid int) string {
	b, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return strings.ReplaceAll(string(b), "\x00", " ")
}

// owner is a process that records.
type owner struct {
	*exec.Cmd
	said bytes.Buffer  // its errors, once it has ended
	end  chan struct{} // closed then
}

func startOwner(t *testing.T, log string) *owner {
	t.Helper()
	o := &owner{end: make(chan struct{})}
	o.Cmd = exec.Command(tiertest.Self("record")[0], "record", `w() { cd "$1"; exec 3> open; echo ack 1; sleep 1000 & while :; do echo x >&3; done; }; w`, log)
	o.Stderr = &o.said
	o.WaitDelay = time.Second // a grandchild has its standard error too
	tiertest.Check(t, o.Start())
	go func() { _ = o.Wait(); close(o.end) }()
	t.Cleanup(func() { _ = o.Process.Kill(); <-o.end })
	return o
}

func (o *owner) ended() bool {
	select {
	case <-o.end:
		return true
	default:
		return false
	}
}

// Each process of a recording is killed in turn, in the middle of it: the owner,
// the server and the workload. What is left can be released, and is gone then.
func TestCleanAfterKill(t *testing.T) {
	fileSystem(t, "ext4")
	for _, victim := range []string{"owner", "server", "workload"} {
		t.Run(victim, func(t *testing.T) {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			// The shell leaves a grandchild behind that keeps a file open.
			log := filepath.Join(t.TempDir(), "log")
			owner := startOwner(t, log)
			var dir string
			waitFor(t, "workload", func() bool {
				if owner.ended() { // a busy machine may refuse a mount
					t.Logf("the recording ended, it is started again: %s", owner.said.String())
					owner = startOwner(t, log)
				}
				open, _ := filepath.Glob(filepath.Join(tmp, stagePrefix+"*", "mnt-*", StoreName, "open"))
				if len(open) == 1 {
					dir = filepath.Dir(filepath.Dir(filepath.Dir(open[0])))
				}
				return len(open) == 1
			})
			if released, running, err := Clean(); err != nil || slices.Contains(released, dir) || !slices.Contains(running, dir) {
				t.Fatalf("a run under way: released %v, running %v, %v", released, running, err)
			}
			pids := tiertest.Must(processes(dir))(t)
			find := func(word string) int {
				i := slices.IndexFunc(pids, func(pid int) bool { return strings.Contains(commandLine(pid), word) })
				if i < 0 {
					t.Fatalf("no %s among %v", word, pids)
				}
				return pids[i]
			}
			switch victim {
			case "owner":
				tiertest.Check(t, owner.Process.Kill())
			case "server":
				tiertest.Check(t, syscall.Kill(find("serve"), syscall.SIGKILL))
			case "workload":
				tiertest.Check(t, syscall.Kill(find("sh -c"), syscall.SIGKILL))
			}
			<-owner.end // by itself, with an error, if another was killed
			released, running, err := Clean()
			if err != nil || !slices.Contains(released, dir) || slices.Contains(running, dir) {
				t.Errorf("released %v, running %v, %v", released, running, err)
			}
			if left := leftovers(t, dir); len(left) > 0 {
				t.Errorf("still there: %v", left)
			}
			if again, _, err := Clean(); err != nil || slices.Contains(again, dir) {
				t.Errorf("a second time: %v, %v", again, err)
			}
		})
	}
}
