package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/vm/dm"
	"lsmlab/powerfail/vm/wire"
)

// guest is what lives from one request to the next.
type guest struct {
	worker  *os.File   // WorkerPort
	started chan error // receives the end of the process of Start
	stderr  tail       // of it
	mapper  bool       // the modules of the device mapper are loaded
}

func (g *guest) answer(q wire.Request) wire.Response {
	r, err := g.do(q)
	if err != nil {
		r.Err = err.Error()
	}
	return r
}

func (g *guest) do(q wire.Request) (r wire.Response, err error) {
	switch {
	case q.Mount != nil:
		return r, mount(*q.Mount)
	case q.Unmount != "":
		return r, wrap("unmount "+q.Unmount, unix.Unmount(q.Unmount, 0))
	case q.Write != nil:
		if err := os.MkdirAll(filepath.Dir(q.Write.Path), 0o755); err != nil {
			return r, err
		}
		return r, os.WriteFile(q.Write.Path, q.Write.Data, 0o644)
	case q.Run != nil:
		return run(*q.Run)
	case q.Start != nil:
		return r, g.start(*q.Start)
	case q.Wait:
		return g.wait()
	case q.Drop != "":
		return r, dropCache(q.Drop)
	case q.PowerOff:
		powerOff()
		return r, errors.New("power off: the machine is still on")
	}
	return g.deviceMapper(q)
}

func (g *guest) deviceMapper(q wire.Request) (r wire.Response, err error) {
	if !g.mapper { // most machines never need it, and it takes a while
		if err := loadModules("/modules-later"); err != nil {
			return r, err
		}
		g.mapper = true
	}
	c, err := dm.Open()
	if err != nil {
		return r, err
	}
	defer func() { _ = c.Close() }() // devices stay
	switch {
	case q.Map != nil:
		r.Path, err = c.Create(q.Map.Name, target(*q.Map))
		return r, err
	case q.Remap != nil:
		return r, c.Switch(q.Remap.Name, target(*q.Remap))
	case q.Unmap != "":
		return r, c.Remove(q.Unmap)
	case q.Message != nil:
		return r, c.Message(q.Message.Device, q.Message.Text)
	}
	return r, errors.New("a request that this init does not know: host and guest are of different builds")
}

func target(m wire.Map) dm.Target {
	return dm.Target{Sectors: m.Sectors, Type: m.Target, Params: m.Params}
}

func mount(m wire.Mount) error {
	if err := os.MkdirAll(m.Dir, 0o755); err != nil {
		return err
	}
	var flags uintptr
	if m.ReadOnly {
		flags |= unix.MS_RDONLY
	}
	err := unix.Mount(m.Device, m.Dir, m.FS, flags, m.Options)
	return wrap(fmt.Sprintf("mount %s %s on %s", m.FS, m.Device, m.Dir), err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// dropCache makes the next read of a block device come from the device itself.
func dropCache(device string) error {
	f, err := os.Open(device)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read from
	return wrap("drop cache of "+device, unix.IoctlSetInt(int(f.Fd()), unix.BLKFLSBUF, 0))
}

func run(c wire.Command) (r wire.Response, err error) {
	var stdout bytes.Buffer
	var stderr tail
	cmd := command(c)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	r.Exit, err = exitStatus(cmd.Run())
	r.Output, r.Stderr = stdout.Bytes(), stderr
	return r, err
}

func (g *guest) start(c wire.Command) error {
	if g.started != nil {
		return errors.New("start: a process is running, wait for it first")
	}
	g.stderr = nil
	cmd := command(c)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = g.worker, g.worker, &g.stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	g.started = make(chan error, 1)
	go func() {
		g.started <- cmd.Wait()
		_, _ = g.worker.WriteString(wire.Exited + "\n") // a host that is gone needs no line
	}()
	return nil
}

func (g *guest) wait() (r wire.Response, err error) {
	if g.started == nil {
		return r, errors.New("wait: no process was started")
	}
	r.Exit, err = exitStatus(<-g.started)
	r.Stderr = g.stderr
	g.started = nil
	return r, err
}

func command(c wire.Command) *exec.Cmd {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = append([]string{"HOME=/tmp", "TMPDIR=/tmp"}, c.Env...)
	return cmd
}

// exitStatus splits the outcome of a process from a failure to run it.
func exitStatus(err error) (int, error) {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// tail keeps the last bytes written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	const limit = 8 << 10
	*t = append(*t, p...)
	if over := len(*t) - limit; over > 0 {
		*t = append((*t)[:0], (*t)[over:]...)
	}
	return len(p), nil
}
