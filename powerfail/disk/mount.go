package disk

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mountSource is the name of the mounts of recorded disks in /proc/mounts.
const mountSource = "lsmlab"

func (f FileSystem) mount(device, dir string) error {
	if err := unix.Mount(device, dir, f.Name, unix.MS_NOATIME|unix.MS_NOSUID|unix.MS_NODEV, f.options); err != nil {
		return fmt.Errorf("mount %s of %s at %s: %w", f.Name, device, dir, err)
	}
	return nil
}

// busyLimit is how long unmount waits for processes that still use the file system. A killed
// process holds its files until the kernel has ended it.
const busyLimit = 5 * time.Second

func unmount(dir string) error {
	wait := time.Millisecond
	for start := time.Now(); ; time.Sleep(wait) {
		err := unix.Unmount(dir, 0)
		if !errors.Is(err, unix.EBUSY) || time.Since(start) > busyLimit {
			if err != nil {
				return &os.PathError{Op: "unmount", Path: dir, Err: err}
			}
			return nil
		}
		wait = min(2*wait, 100*time.Millisecond)
	}
}

// mountPoint is a line of the table of mounts.
type mountPoint struct{ source, dir string }

// mounts returns what is mounted at directories whose path has prefix, the
// latest first, so that each can be unmounted in turn.
func mounts(prefix string) (points []mountPoint, err error) {
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	// Space, tab, newline and backslash are written in octal.
	plain := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	for line := range strings.Lines(string(table)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		if dir := plain.Replace(words[1]); strings.HasPrefix(dir, prefix) {
			points = append(points, mountPoint{words[0], dir})
		}
	}
	slices.Reverse(points)
	return points, nil
}
