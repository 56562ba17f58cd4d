package vm

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Files of this process and of the machines that it starts have no names. So no file is left
// behind, whatever ends the process.

// memoryFile returns an empty file in memory.
func memoryFile() (*os.File, error) {
	const name = "lsmlab-vm"
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("file in memory: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// memoryFileOf returns a file in memory with that content.
func memoryFileOf(content []byte) (*os.File, error) {
	f, err := memoryFile()
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(content); err != nil {
		release(f)
		return nil, err
	}
	return f, nil
}

// unlinkedFile returns an empty file in the folder for temporary files.
func unlinkedFile() (*os.File, error) {
	f, err := os.CreateTemp("", "lsmlab-vm-")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// release closes nameless files. It ignores errors, because the content is not needed any more.
func release(c io.Closer) { _ = c.Close() }

// pathOf returns the path by which other processes can open a nameless file as long as this
// process has it open.
func pathOf(f *os.File) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) }
