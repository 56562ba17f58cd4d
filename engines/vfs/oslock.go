package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lsmlab/engines/kv"
)

// Lock uses flock, whose owner is the open file. So a second Lock in the same process
// is refused like one of another process, and the kernel releases the lock when the
// process ends. The file stays behind; only the lock on it has a meaning.
func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return nil, err
	}
	if err := lockOS(&osFile{f}); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lockOS takes the lock of an open lock file and writes the note of the owner.
func lockOS(f *osFile) error {
	err := f.control("flock", func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return inUse(f, f.Name())
	}
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err = f.WriteAt(lockNote(), 0); Exhausted(err) {
		return nil // a store on a full disk must open, and the lock holds without the note
	}
	return err
}

// lockNote is the content of a lock file: the process id of the owner.
func lockNote() []byte { return fmt.Appendf(nil, "%d\n", os.Getpid()) }

// inUse returns the error for a lock that somebody else holds. The lock file, f, names
// the holder.
func inUse(f io.ReaderAt, name string) error {
	var note [24]byte
	n, _ := f.ReadAt(note[:], 0) // a note that cannot be read leaves the owner unknown
	owner := "a process that has not noted its id yet"
	if pid, err := strconv.Atoi(strings.TrimSpace(string(note[:n]))); err == nil {
		owner = "process " + strconv.Itoa(pid)
	}
	return fmt.Errorf("%w by %s (lock file %s)", kv.ErrInUse, owner, name)
}
