// Package dm makes and changes device-mapper devices by ioctl: the few calls
// that crash tests need, without libdevmapper.
//
// A [Control] is safe for concurrent use; changes of one device should not
// overlap.
package dm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SectorSize is the unit of lengths in tables, in bytes.
const SectorSize = 512

// Target is one line of a table; here a table has one line, from sector 0.
type Target struct {
	Sectors uint64
	Type    string // "linear", "flakey", "log-writes"
	Params  string
}

// Control is an open /dev/mapper/control.
type Control struct{ file *os.File }

// Open opens the control device.
func Open() (*Control, error) {
	f, err := os.OpenFile("/dev/mapper/control", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("device mapper: %w", err)
	}
	return &Control{f}, nil
}

// Close closes the control device; devices stay.
func (c *Control) Close() error { return c.file.Close() }

// Create makes a device with table t, ready for use, and returns its path.
func (c *Control) Create(name string, t Target) (path string, err error) {
	dev, err := c.call("create", unix.DM_DEV_CREATE, name, 0, nil)
	if err != nil {
		return "", err
	}
	if err = c.load(name, t); err == nil {
		err = c.resume(name)
	}
	if err != nil {
		_ = c.Remove(name) // the first error says more
		return "", err
	}
	return fmt.Sprintf("/dev/dm-%d", unix.Minor(dev)), nil
}

// Switch gives a device another table between two requests of those above it. It
// is not flushed and no file system on it is frozen: both would write out what
// the switch is there to lose.
func (c *Control) Switch(name string, t Target) error {
	if err := c.load(name, t); err != nil {
		return err
	}
	const sudden = unix.DM_SUSPEND_FLAG | unix.DM_NOFLUSH_FLAG | unix.DM_SKIP_LOCKFS_FLAG
	if _, err := c.call("suspend", unix.DM_DEV_SUSPEND, name, sudden, nil); err != nil {
		return err
	}
	return c.resume(name)
}

// Message sends text to the target of a device.
func (c *Control) Message(name, text string) error {
	sector := make([]byte, unsafe.Sizeof(unix.DmTargetMsg{}))
	_, err := c.call("message", unix.DM_TARGET_MSG, name, 0, append(append(sector, text...), 0))
	return err
}

// Remove removes a device that nobody has open.
func (c *Control) Remove(name string) error {
	_, err := c.call("remove", unix.DM_DEV_REMOVE, name, 0, nil)
	return err
}

func (c *Control) load(name string, t Target) error {
	_, err := c.call("load "+t.Type, unix.DM_TABLE_LOAD, name, 0, encodeTarget(t))
	return err
}

// resume puts the loaded table in force.
func (c *Control) resume(name string) error {
	_, err := c.call("resume", unix.DM_DEV_SUSPEND, name, unix.DM_SKIP_LOCKFS_FLAG, nil)
	return err
}

// encodeTarget is a dm_target_spec with its parameters.
func encodeTarget(t Target) []byte {
	spec := unix.DmTargetSpec{Length: t.Sectors}
	copy(spec.Target_type[:], t.Type)
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, spec) // a bytes.Buffer takes all
	b.WriteString(t.Params)
	b.WriteByte(0)
	for b.Len()%8 != 0 {
		b.WriteByte(0)
	}
	return b.Bytes()
}

// call does one ioctl and returns the device number. The kernel wants a dm_ioctl
// with the data of the call right behind it.
func (c *Control) call(what string, request uint, name string, flags uint32, data []byte) (dev uint64, err error) {
	buf := make([]byte, unix.SizeofDmIoctl+len(data))
	head := (*unix.DmIoctl)(unsafe.Pointer(&buf[0]))
	head.Version = [3]uint32{4, 0, 0}
	head.Data_size = uint32(len(buf))
	head.Data_start = unix.SizeofDmIoctl
	head.Flags = flags
	if request == unix.DM_TABLE_LOAD {
		head.Target_count = 1
	}
	if len(name) >= len(head.Name) {
		return 0, fmt.Errorf("device mapper: name of %d bytes", len(name))
	}
	copy(head.Name[:], name)
	copy(buf[unix.SizeofDmIoctl:], data)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, c.file.Fd(), uintptr(request), uintptr(unsafe.Pointer(head))); errno != 0 {
		return 0, fmt.Errorf("device mapper: %s %s: %w", what, name, errno)
	}
	return head.Dev, nil
}
