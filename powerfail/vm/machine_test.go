package vm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/testneed"
	"lsmlab/powerfail/vm/kernel"
)

// bareConfig is a machine without an init: its kernel is busy for two seconds and
// more, then panics.
func bareConfig(t *testing.T) machineConfig {
	needs(t, QEMU, "qemu-system-x86")
	cache, err := kernel.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	k, err := kernel.Find(cache, "6.1")
	if err != nil {
		testneed.Missing(t, err)
	}
	empty, err := memoryFile()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { empty.Close() })
	return machineConfig{Kernel: k.Image(), Initramfs: empty, Memory: 256, Limit: time.Minute, Ready: func(*machine) error { return nil }}
}

func TestLimit(t *testing.T) {
	c := bareConfig(t)
	c.Limit = 300 * time.Millisecond
	if _, err := startMachine(t.Context(), c); err == nil || !strings.Contains(err.Error(), "limit of 300ms") {
		t.Errorf("a machine that does not come up: %v", err)
	}
}

func TestContextEndsMachine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := startMachine(ctx, bareConfig(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

// TestParentDies starts another process that starts a machine, kills it, and
// waits for the machine to end. It would fail, by its limit, if the machine went
// on without a parent.
func TestParentDies(t *testing.T) {
	if os.Getenv(asParent) != "" {
		_, err := startMachine(t.Context(), bareConfig(t))
		t.Fatal(err)
	}
	bareConfig(t)
	parent := exec.Command(os.Args[0], "-test.run", "^TestParentDies$")
	parent.Env = append(os.Environ(), asParent+"=1")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var machine int
	for machine == 0 {
		machine = childOf(t, parent.Process.Pid)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for start := time.Now(); alive(machine); time.Sleep(time.Millisecond) {
		if time.Since(start) > 30*time.Second {
			t.Fatalf("machine %d lives", machine)
		}
	}
}

const asParent = "LSMLAB_VM_TEST_AS_PARENT"

// childOf returns the machine that a process has started, or 0.
func childOf(t *testing.T, parent int) int {
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", parent))
	if err != nil {
		t.Fatalf("the parent is gone: %v", err)
	}
	for _, task := range files {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", parent, task.Name()))
		for word := range strings.FieldsSeq(string(children)) {
			name, _ := os.ReadFile("/proc/" + word + "/comm")
			if strings.HasPrefix(string(name), "qemu") {
				pid, err := strconv.Atoi(word)
				if err != nil {
					t.Fatal(err)
				}
				return pid
			}
		}
	}
	return 0
}

// alive says whether a process runs; one that nobody has waited for does not.
func alive(pid int) bool {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "State:") {
			return !strings.Contains(lines.Text(), "zombie")
		}
	}
	return false
}
