package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// attach makes a loop device of an open file of a stage and returns its path, such
// as /dev/loop3. The device keeps the file open until [detach].
func attach(file *os.File) (device string, err error) {
	err = loops(func(fd int) error {
		for {
			number, err := unix.IoctlRetInt(fd, unix.LOOP_CTL_GET_FREE)
			if err != nil {
				return err
			}
			device = fmt.Sprintf("/dev/loop%d", number)
			err = control(device, os.O_RDWR, func(fd int) error {
				if err := unix.IoctlLoopConfigure(fd, &unix.LoopConfig{Fd: uint32(file.Fd())}); err != nil {
					return err
				}
				// If the previous file behind this device could not be written, the kernel
				// still reports that error to whoever asks next. That would be a mount,
				// which would then fail.
				_ = unix.Fsync(fd)
				return nil
			})
			if !errors.Is(err, unix.EBUSY) {
				return err
			}
			// Another program took it first: ask again.
		}
	})
	if err != nil {
		return "", err
	}
	return device, nil
}

// detach releases a loop device of the stage in dir. If a process still has the device
// open, the kernel releases it when that process closes it. A device that was released
// meanwhile may already belong to another stage. Such a device is left alone.
func detach(device, dir string) error {
	return loops(func(int) error {
		backing, err := os.ReadFile(filepath.Join("/sys/block", filepath.Base(device), "loop/backing_file"))
		if errors.Is(err, fs.ErrNotExist) || err == nil && stageOf(string(backing)) != filepath.Base(dir) {
			return nil
		}
		if err != nil {
			return err
		}
		err = control(device, os.O_RDWR, func(fd int) error { return unix.IoctlSetInt(fd, unix.LOOP_CLR_FD, 0) })
		if errors.Is(err, unix.ENXIO) {
			return nil // it was detached meanwhile
		}
		return err
	})
}

// loops runs do on the control device while no other process of ours attaches or
// detaches.
func loops(do func(fd int) error) error {
	return control("/dev/loop-control", os.O_RDWR, func(fd int) error {
		if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
			return err
		}
		return do(fd)
	})
}

// control opens a file or device for one operation on its descriptor.
func control(name string, flag int, operate func(fd int) error) error {
	f, err := os.OpenFile(name, flag, 0)
	if err != nil {
		return err
	}
	if err = operate(int(f.Fd())); err != nil {
		err = &os.PathError{Op: "control", Path: name, Err: err}
	}
	return errors.Join(err, f.Close())
}
