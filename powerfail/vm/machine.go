package vm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"lsmlab/powerfail/vm/qmp"
	"lsmlab/powerfail/vm/wire"
)

// QEMU is the program that runs a [machine].
const QEMU = "qemu-system-x86_64"

// kernelLine keeps a boot short. It turns off what a machine that runs for a few seconds does
// not need: measurements, probes and self-tests. A panic ends the machine.
//
// A boot took 3.4 s before. These options save the following, as the least of ten boots
// each: 0.3 s by not patching code for speed (noreplace), 0.3 s without ACPI, and 0.25 s by
// keeping tracing from looking at every symbol (initcall_blacklist; a kernel ignores names
// that it does not have).
const kernelLine = "console=ttyS0 panic=-1 quiet mitigations=off nokaslr audit=0 tsc=reliable no_timer_check " +
	"random.trust_cpu=on cryptomgr.notests rcupdate.rcu_expedited=1 nowatchdog edd=off pci=lastbus=0 acpi=off " +
	"noreplace-smp noreplace-paravirt " +
	"initcall_blacklist=ftrace_check_for_weak_functions,init_kprobe_trace,trace_eval_init,tracer_init_tracefs"

// processor is an old one: a kernel patches itself for what a new one can do, and
// emulation is no faster by it (0.6 s a boot). Random numbers are there at once.
const processor = "qemu64,+rdrand"

// machine is one running virtual machine. It lives no longer than its context,
// its time limit and this process: everything that it has open is nameless
// (sockets, memory, unlinked files), so that nothing is left of it even after a
// SIGKILL. One goroutine uses it, but for kill.
type machine struct {
	qmp     *qmp.Client
	control *wire.Conn
	worker  net.Conn
	conns   []net.Conn
	process *exec.Cmd
	console *console
	ctx     context.Context // ends with the machine
	cancel  context.CancelFunc
	up      func(*machine) error
	exited  chan struct{} // closed when QEMU ended
}

// machineConfig says what to boot.
type machineConfig struct {
	Kernel    string               // path of the image
	Initramfs *os.File             // may be closed when startMachine has returned
	Drives    []drive              // /dev/vda, /dev/vdb, ...
	Memory    int                  // MiB
	Limit     time.Duration        // the machine is killed after it
	Ready     func(*machine) error // what to do first after each boot
	// Snapshot, if set, is what machine.save wrote of a machine with disks of the same kind
	// and size. The new machine goes on from that state instead of booting. The content of
	// its disks may differ.
	Snapshot *os.File
}

// startMachine boots a machine and waits until its init is ready.
func startMachine(ctx context.Context, c machineConfig) (*machine, error) {
	if _, err := exec.LookPath(QEMU); err != nil {
		return nil, fmt.Errorf("%w: install the package qemu-system-x86", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Limit, fmt.Errorf("the machine ran into its limit of %s", c.Limit))
	m := &machine{ctx: ctx, cancel: cancel, up: c.Ready, console: &console{}, exited: make(chan struct{})}
	err := m.start(ctx, c)
	if err == nil && c.Snapshot == nil {
		err = m.ready()
	}
	if err != nil {
		err = m.explain(err)
		m.kill()
		return nil, fmt.Errorf("boot %s: %w", c.Kernel, err)
	}
	return m, nil
}

// explain says why a machine does not answer. It was told to end, or its last lines of output
// tell the reason.
func (m *machine) explain(err error) error {
	if cause := context.Cause(m.ctx); cause != nil {
		return cause
	}
	return fmt.Errorf("%w%s", err, m.console.tail())
}

func (m *machine) start(ctx context.Context, c machineConfig) error {
	line := &commandLine{}
	monitor, control, worker, err := line.machine(c)
	if err != nil {
		line.closeFiles()
		close(m.exited)
		return err
	}
	m.worker, m.conns = worker, []net.Conn{monitor, control, worker}
	m.process = exec.CommandContext(ctx, QEMU, line.args...)
	m.process.ExtraFiles = line.files
	m.process.Stdout, m.process.Stderr = m.console, m.console
	m.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = m.process.Start()
	line.closeFiles() // now, or its end of our channels would never close
	if err != nil {
		close(m.exited)
		return err
	}
	go func() {
		_ = m.process.Wait() // the console says more than the status
		close(m.exited)
	}()
	m.control = wire.NewConn(control)
	m.qmp, err = qmp.New(monitor)
	return err
}

// ready waits for the first line of the init and does what comes first.
func (m *machine) ready() error {
	for {
		var r wire.Response
		err := m.control.Receive(&r)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) { // what a killed guest was saying
			continue
		}
		if err != nil {
			return err
		}
		return m.up(m)
	}
}

// do asks the init for one thing.
func (m *machine) do(q wire.Request) (wire.Response, error) {
	var r wire.Response
	err := m.control.Send(q)
	if err == nil {
		err = m.control.Receive(&r)
	}
	switch {
	case err != nil:
		return r, fmt.Errorf("guest: %w", m.explain(err))
	case r.Err != "":
		return r, fmt.Errorf("guest: %s", r.Err)
	}
	return r, nil
}

// monitor runs a command of QEMU.
func (m *machine) monitor(command string, arguments any) error {
	return m.qmp.Do(command, arguments, nil)
}

// save writes the state of the machine, without its disks, to a nameless file. The
// machine stands still from then on.
func (m *machine) save(f *os.File) error {
	to := "exec:cat >" + pathOf(f) // stops the machine when little is left to copy
	if err := m.monitor("migrate", map[string]any{"uri": to}); err != nil {
		return err
	}
	for {
		var state struct{ Status string }
		if err := m.qmp.Do("query-migrate", nil, &state); err != nil {
			return err
		}
		switch state.Status {
		case "completed":
			return nil
		case "failed", "cancelled":
			return fmt.Errorf("save the machine: %s%s", state.Status, m.console.tail())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// reset presses the reset button and waits for the init of the next boot.
func (m *machine) reset() error {
	// So far a reboot ended QEMU, because only a panic of the kernel reboots.
	if err := m.monitor("set-action", map[string]any{"reboot": "reset"}); err != nil {
		return err
	}
	if err := m.monitor("system_reset", nil); err != nil {
		return err
	}
	return m.ready()
}

// quit asks QEMU to end, and waits for it.
func (m *machine) quit() error {
	err := m.monitor("quit", nil)
	<-m.exited
	m.kill()
	return err
}

// kill ends QEMU with SIGKILL if it still runs, and waits for its end. What QEMU
// had given to its disks stays there.
func (m *machine) kill() {
	m.cancel()
	<-m.exited
	for _, c := range m.conns {
		release(c)
	}
}

// console keeps the last part of what machine and QEMU print.
type console struct {
	mu   sync.Mutex
	text []byte
}

func (c *console) Write(p []byte) (int, error) {
	const limit = 16 << 10
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, p...)
	if over := len(c.text) - limit; over > 0 {
		c.text = append(c.text[:0], c.text[over:]...)
	}
	return len(p), nil
}

// tail returns the last lines for an error message, or nothing.
func (c *console) tail() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(c.text), "\r", "")), "\n")
	const most = 20
	lines = lines[max(0, len(lines)-most):]
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "; the console said:\n\t" + strings.Join(lines, "\n\t")
}

// socketPair returns one end as a connection of this process, the other as a
// file for a child.
func socketPair(name string) (net.Conn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socket for %s: %w", name, err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), name), os.NewFile(uintptr(fds[1]), name)
	defer release(ours) // FileConn makes its own copy
	conn, err := net.FileConn(ours)
	if err != nil {
		release(theirs)
		return nil, nil, fmt.Errorf("socket for %s: %w", name, err)
	}
	return conn, theirs, nil
}
