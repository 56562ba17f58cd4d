package files

import (
	"errors"
	"fmt"
	"os"
)

// Require returns why programs can't be recorded here, with what to do about it, or
// nil.
func Require() (err error) {
	if os.Geteuid() != 0 {
		err = errors.New("serving a directory over FUSE to programs of any user needs root: run it with sudo")
	}
	if _, e := os.Stat("/dev/fuse"); e != nil {
		err = errors.Join(err, errors.New("no /dev/fuse: load the kernel's module (modprobe fuse), or pass the device into the container"))
	}
	if err != nil {
		return fmt.Errorf("crash files can't be done here: %w", err)
	}
	return nil
}
