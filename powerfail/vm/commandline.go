package vm

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"

	"lsmlab/powerfail/vm/wire"
)

// drive is one disk of a machine. Source becomes the block node NAME; filters
// are stacked on it, and the disk of the guest is on the top one.
type drive struct {
	Name     string
	Source   source
	ReadOnly bool
	// Log, if set, receives what the guest writes in the format of dm-log-writes,
	// by QEMU's own driver blklogwrites.
	Log *os.File
}

// sourceSuffix follows the name of a drive in that of the node of its source.
const sourceSuffix = "-source"

// source is what a drive reads and writes.
type source interface {
	// blockdev returns QEMU's description of the node. It passes the files of this process
	// that the node needs to the child by add, which returns their numbers in the child.
	blockdev(add func(*os.File) int) (map[string]any, error)
}

// fileSource is a file, which may have no name.
type fileSource struct{ File *os.File }

func (s fileSource) blockdev(func(*os.File) int) (map[string]any, error) {
	return fileNode(s.File), nil
}

func fileNode(f *os.File) map[string]any {
	// Only our machines have a nameless file, and one of them at a time writes to it.
	return map[string]any{"driver": "file", "filename": pathOf(f), "locking": "off"}
}

// commandLine collects the arguments of QEMU and the files that it inherits.
type commandLine struct {
	args  []string
	files []*os.File
}

// add gives a file to the child and returns its number there.
func (l *commandLine) add(f *os.File) int {
	const firstExtra = 3 // after standard input, output and error
	l.files = append(l.files, f)
	return firstExtra + len(l.files) - 1
}

func (l *commandLine) closeFiles() {
	for _, f := range l.files {
		release(f) // the child has its own
	}
}

func (l *commandLine) arg(args ...string) { l.args = append(l.args, args...) }

func (l *commandLine) json(option string, v map[string]any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	l.arg(option, string(text))
	return nil
}

// machine describes the whole machine and returns our ends of its channels.
func (l *commandLine) machine(c machineConfig) (monitor, control, worker net.Conn, err error) {
	l.arg("-M", "pc", "-accel", "tcg,thread=multi", "-cpu", processor, "-m", strconv.Itoa(c.Memory),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", c.Kernel, "-append", kernelLine,
		"-initrd", pathOf(c.Initramfs),
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-device", "virtio-serial-pci")
	if c.Snapshot != nil {
		l.arg("-incoming", "exec:cat "+pathOf(c.Snapshot))
	}
	for _, d := range c.Drives {
		if err := l.drive(d); err != nil {
			return nil, nil, nil, err
		}
	}
	if monitor, err = l.socket("monitor"); err != nil {
		return nil, nil, nil, err
	}
	l.arg("-mon", "chardev=monitor,mode=control")
	if control, err = l.port("control", wire.ControlPort); err != nil {
		return nil, nil, nil, err
	}
	worker, err = l.port("worker", wire.WorkerPort)
	return monitor, control, worker, err
}

func (l *commandLine) socket(id string) (net.Conn, error) {
	conn, theirs, err := socketPair(id)
	if err != nil {
		return nil, err
	}
	l.arg("-chardev", fmt.Sprintf("socket,id=%s,fd=%d", id, l.add(theirs)))
	return conn, nil
}

func (l *commandLine) port(id, name string) (net.Conn, error) {
	conn, err := l.socket(id)
	l.arg("-device", fmt.Sprintf("virtserialport,chardev=%s,name=%s", id, name))
	return conn, err
}

func (l *commandLine) drive(d drive) error {
	node, err := d.Source.blockdev(l.add)
	if err != nil {
		return fmt.Errorf("disk %s: %w", d.Name, err)
	}
	node["node-name"] = d.Name + sourceSuffix
	node["read-only"] = d.ReadOnly
	if err := l.json("-blockdev", node); err != nil {
		return err
	}
	// A format node between, so that a fault can be put under it at run time.
	if err := l.json("-blockdev", map[string]any{
		"driver": "raw", "node-name": d.Name, "file": d.Name + sourceSuffix, "read-only": d.ReadOnly,
	}); err != nil {
		return err
	}
	top := d.Name
	if d.Log != nil {
		top = d.Name + "-log"
		if err := l.logWrites(d, top); err != nil {
			return err
		}
	}
	return l.json("-device", map[string]any{
		"driver": "virtio-blk-pci", "drive": top, "serial": d.Name, "werror": "report", "rerror": "report",
	})
}

// logWrites puts the driver that records writes over the disk.
func (l *commandLine) logWrites(d drive, name string) error {
	return l.json("-blockdev", map[string]any{
		"driver": "blklogwrites", "node-name": name, "file": d.Name, "log": fileNode(d.Log),
		"log-sector-size": 512, "log-append": false, "log-super-update-interval": 1,
	})
}
