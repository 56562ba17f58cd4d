package disk

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// attach makes a loop device of an open file and returns its path, such as
// /dev/loop3. The device keeps the file open until [detach].
func attach(file *os.File) (device string, err error) {
	for {
		var number int
		err := control("/dev/loop-control", os.O_RDWR, func(fd int) (err error) {
			number, err = unix.IoctlRetInt(fd, unix.LOOP_CTL_GET_FREE)
			return err
		})
		if err != nil {
			return "", err
		}
		device = fmt.Sprintf("/dev/loop%d", number)
		err = control(device, os.O_RDWR, func(fd int) error {
			return unix.IoctlLoopConfigure(fd, &unix.LoopConfig{Fd: uint32(file.Fd())})
		})
		if err == nil {
			return device, nil
		}
		if !errors.Is(err, unix.EBUSY) {
			return "", err
		}
		// Another process took it first: ask again.
	}
}

// detach releases a loop device. If something still has it open, the kernel
// releases it when that ends.
func detach(device string) error {
	err := control(device, os.O_RDWR, func(fd int) error { return unix.IoctlSetInt(fd, unix.LOOP_CLR_FD, 0) })
	if errors.Is(err, unix.ENXIO) {
		return nil // it was detached meanwhile
	}
	return err
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
