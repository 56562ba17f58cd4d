package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// Require returns why crash states of the file system can't be made here, with
// what to do about it, or nil.
func Require(kind FileSystem) (err error) {
	if os.Geteuid() != 0 {
		err = errors.New("mounting file systems needs root: run it with sudo")
	}
	for _, d := range []struct{ path, module string }{{"/dev/fuse", "fuse"}, {"/dev/loop-control", "loop"}} {
		if _, e := os.Stat(d.path); e != nil {
			err = errors.Join(err, fmt.Errorf("no %s: load the kernel's module (modprobe %s), or pass the device into the container", d.path, d.module))
		}
	}
	if _, e := exec.LookPath(kind.make[0]); e != nil {
		err = errors.Join(err, fmt.Errorf("no %s: install the package %s", kind.make[0], kind.Package))
	}
	return err
}

// Kernel returns the release of the kernel that makes the file systems.
func Kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}
