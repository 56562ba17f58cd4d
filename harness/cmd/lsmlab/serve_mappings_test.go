//go:build !race

package main

import (
	"fmt"
	"net/http"
	"testing"

	"golang.org/x/sys/unix"
)

// The race detector maps memory of its own at fixed addresses, and ends a process that
// gets none. So this test is for the program without it.

// TestNoMappings: the kernel gives the process no more addresses, so that tables and
// logs cannot be mapped. It goes on, if need be by telling clients to come back, and
// as before once it may have addresses again.
func TestNoMappings(t *testing.T) {
	s := serveLimits(t, nil, "--memtable-size", "4MiB")
	h := s.honest()
	s.until("first operations", func() bool { return h.done.Load() >= 30 || t.Failed() })
	// Stores map nothing where less than 128 MiB are free (engines/internal/headroom). What is
	// left must do for the Go runtime, which takes 64 MiB in one step if its heap grows.
	room := uint64(s.status("VmSize") + 120<<20)
	if err := unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_AS, &unix.Rlimit{Cur: room, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
	shed := 0
	for i := range 1500 {
		if s.put(fmt.Sprint("filling-", i)) != http.StatusNoContent {
			shed++
		}
	}
	t.Logf("%d of 1500 writes were shed", shed)
	if err := unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_AS, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
	s.until("writes again", func() bool { return s.put("again") == http.StatusNoContent })
	h.stop(100)
	s.alive()
}
