// Guest is the whole user space of a crash VM: a static init that loads modules,
// says that it is ready, and then does what the host asks, one request at a time
// (see package wire). It decides nothing.
//
// It never syncs and never unmounts on its own: what is not on the disk when the
// power goes must be lost. When it fails it says why on the console and powers
// off, so that no VM hangs.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/vm/wire"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "guest: this is the init of a crash VM and starts in one only")
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, "guest:", serve())
	powerOff()
}

// powerOff ends the machine: without ACPI it knows how to reboot only, and QEMU
// ends then.
func powerOff() {
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART) // nothing is left to tell
}

// serve answers requests until something fails.
func serve() error {
	if err := setUp(); err != nil {
		return err
	}
	control, err := openPort(wire.ControlPort)
	if err != nil {
		return err
	}
	worker, err := openPort(wire.WorkerPort)
	if err != nil {
		return err
	}
	g := &guest{worker: worker}
	// The line may hold the end of what a killed guest was saying.
	if _, err := control.Write([]byte("\n")); err != nil {
		return err
	}
	c := wire.NewConn(control)
	if err := c.Send(wire.Response{}); err != nil {
		return err
	}
	for {
		var q wire.Request
		if err := c.Receive(&q); err != nil {
			return fmt.Errorf("control port: %w", err)
		}
		if err := c.Send(g.answer(q)); err != nil {
			return fmt.Errorf("control port: %w", err)
		}
	}
}

// setUp mounts what every program expects and loads the modules.
func setUp() error {
	for _, m := range []wire.Mount{
		{Device: "dev", Dir: "/dev", FS: "devtmpfs"},
		{Device: "proc", Dir: "/proc", FS: "proc"},
		{Device: "sys", Dir: "/sys", FS: "sysfs"},
		{Device: "tmp", Dir: "/tmp", FS: "tmpfs"},
	} {
		if err := mount(m); err != nil {
			return err
		}
	}
	return loadModules("/modules")
}

// loadModules loads the modules that are listed in a file.
func loadModules(file string) error {
	list, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, file := range strings.Fields(string(list)) {
		if err := loadModule(file); err != nil {
			return err
		}
	}
	return nil
}

func loadModule(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read from
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil {
		return fmt.Errorf("load %s: %w", file, err)
	}
	return nil
}

// openPort opens the virtio-serial port of that name. Its device appears a
// moment after the module is loaded.
func openPort(name string) (*os.File, error) {
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(time.Millisecond) {
		files, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(text)) == name {
				return os.OpenFile("/dev/"+filepath.Base(filepath.Dir(file)), os.O_RDWR, 0)
			}
		}
	}
	return nil, fmt.Errorf("no virtio-serial port %s", name)
}
