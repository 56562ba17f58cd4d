package files

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"lsmlab/powerfail/disk"
)

// mountSource is the name of the mounts of recorded directories in /proc/mounts.
const mountSource = "lsmlab"

// Serve is the process behind a recorded directory. It mounts, at dir, a view of the plain
// directory behind. It writes to log the files that the directory has at first and each
// operation on it, and makes operations fail as fault says. When all is set up it prints
// "ready". From then on it adds each line of control to the log as a mark, and answers with
// an empty line. At the end of control it unmounts.
//
// It is a process of its own for the same reasons as the server of tier 2.
func Serve(dir, behind string, fault disk.Fault, log io.Writer, control io.Reader, answers io.Writer) error {
	var st syscall.Stat_t
	if err := syscall.Stat(behind, &st); err != nil {
		return fmt.Errorf("serve %s: %w", behind, err)
	}
	w := newLogWriter(log)
	if err := w.base(behind); err != nil {
		return fmt.Errorf("what is there at first: %w", err)
	}
	data := &fs.LoopbackRoot{Path: behind, Dev: st.Dev}
	root := &node{&fs.LoopbackNode{RootData: data}, w, &faults{Fault: fault}}
	data.RootNode = root
	long := time.Hour // nobody but the kernel changes anything
	server, err := fs.Mount(dir, root, &fs.Options{
		AttrTimeout: &long, EntryTimeout: &long,
		MountOptions: fuse.MountOptions{
			FsName:                   mountSource,
			Name:                     mountSource,
			AllowOther:               true, // a program may change its user
			Options:                  []string{"default_permissions"},
			DirectMountStrict:        true, // as root, without a helper program
			MaxWrite:                 1 << 20,
			DisableXAttrs:            true,
			ExplicitDataCacheControl: true,
			DisabledCapabilities:     fuse.CAP_PASSTHROUGH,
		},
	})
	if err != nil {
		return fmt.Errorf("mount the recorded directory at %s: %w", dir, err)
	}
	err = answer(w, control, answers)
	return errors.Join(err, server.Unmount(), w.out.Flush())
}

// answer takes marks until control ends.
func answer(w *logWriter, control io.Reader, answers io.Writer) error {
	if _, err := fmt.Fprintln(answers, "ready"); err != nil {
		return err
	}
	lines := bufio.NewScanner(control)
	for lines.Scan() {
		if err := w.mark(lines.Text()); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(answers); err != nil {
			return err
		}
	}
	return lines.Err()
}
