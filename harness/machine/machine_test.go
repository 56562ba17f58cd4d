package machine

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFindMount(t *testing.T) {
	const info = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:5 / /data rw,noatime - xfs /dev/sdb rw,attr2
31 30 0:6 / /data/with\040space rw - tmpfs tmpfs rw,size=1g
32 22 0:7 / /data rw - btrfs /dev/sdc rw
not a mount line
`
	for path, want := range map[string]mount{
		"/home/x":           {"/", "ext4", "/dev/root", "rw,relatime,rw"},
		"/data/x":           {"/data", "btrfs", "/dev/sdc", "rw,rw"}, // on top of xfs
		"/data":             {"/data", "btrfs", "/dev/sdc", "rw,rw"},
		"/database":         {"/", "ext4", "/dev/root", "rw,relatime,rw"},
		"/data/with space/": {"/data/with space", "tmpfs", "tmpfs", "rw,rw,size=1g"},
	} {
		if got := findMount(info, path); got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
}

func TestParseCPULine(t *testing.T) {
	busy, steal := parseCPULine("cpu  100 10 30 5000 700 2 8 50 0 0")
	if busy != 1500*time.Millisecond || steal != 500*time.Millisecond {
		t.Errorf("busy %v, steal %v", busy, steal)
	}
}

func TestDiskUsageCountsBlocks(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int64{"data": 100_000, "sub/more": 50_000, "hole": 0} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if name == "hole" { // no blocks, whatever it seems to hold
			if err := f.Truncate(1 << 30); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Sync(); err != nil { // blocks are given when written back
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := DiskUsage(dir); got < 150_000 || got > 200_000 {
		t.Errorf("%d bytes, want about 150,000", got)
	}
}

// This process's own numbers must move with what it does.
func TestOwnNumbers(t *testing.T) {
	before, written := ProcessUsage(), WriteBytes()
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 30*time.Millisecond; {
	}
	after := ProcessUsage()
	if after.CPU() <= before.CPU() {
		t.Error("no CPU time went by")
	}
	if got := WriteBytes() - written; got != 0 && got < 1<<20 { // a tmpfs counts nothing
		t.Errorf("%d bytes written, want 1 MiB", got)
	}
	if ResidentBytes() < 1<<20 || PeakResidentBytes() < ResidentBytes()/2 {
		t.Errorf("rss %d, peak %d", ResidentBytes(), PeakResidentBytes())
	}
}
