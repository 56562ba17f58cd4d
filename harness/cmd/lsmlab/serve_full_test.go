package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lsmlab/engines/testneed"
)

var smallValue = strings.Repeat("v", 100_000)

// put stores smallValue and returns the status, which says that it is stored, or that
// it may be later.
func (s *served) put(key string) int {
	s.Helper()
	r, _ := http.NewRequest("PUT", s.url+"/kv/"+key, strings.NewReader(smallValue))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err, s.log)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusServiceUnavailable {
		s.Fatalf("%d, %v: %s", resp.StatusCode, err, body)
	}
	return resp.StatusCode
}

// TestFullDisk: the disk fills up under a server. Writes are answered by 503, reads
// go on, and once there is space again so do writes, without a restart.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=192m"); err != nil {
		testneed.Missing(t, fmt.Sprintf("no file system that can be full, which root can mount: %v", err))
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 64<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "real", "--engine", "lsm-bptree", "--memtable-size", "4MiB", "--resp-addr", "127.0.0.1:0", "--data", filepath.Join(dir, "store"))
	s.put("first")
	h := s.honest()
	s.until("first operations", func() bool { return h.done.Load() >= 30 || t.Failed() })
	full := false
	for i := 0; i < 4000 && !full; i++ { // each value is another, so none makes another needless
		full = s.put(fmt.Sprint("filling-", i)) == http.StatusServiceUnavailable
	}
	if !full {
		t.Fatal("the disk did not get full")
	}
	resp, err := http.Get(s.url + "/kv/first")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK || string(got) != smallValue {
		t.Errorf("a read on the full disk: %d, %v", resp.StatusCode, err)
	}
	h.stop(0)
	t.Run("after", func(t *testing.T) {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		s.until("writes again", func() bool { return s.put("again") == http.StatusNoContent })
		h := s.honest()
		h.stop(100)
		if h.shed.Load() > 0 {
			t.Errorf("%d operations were shed with space free", h.shed.Load())
		}
		s.alive()
	})
}
