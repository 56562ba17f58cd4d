package drive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// A pacer lets one thread wait for the intended start of its next operation.
//
// time.Sleep is off by up to a millisecond when the process is idle, because the
// scheduler of Go waits in epoll with whole milliseconds. A loop that spins would
// take the core from the engine's own work. A timerfd that is read through the
// runtime's poller has neither fault: the goroutine is parked, and the
// high-resolution timer of the kernel wakes it.
type pacer struct {
	fd   int
	file *os.File
	buf  [8]byte
}

// spinBelow is the time that a wait by timer takes at least. Shorter waits yield the
// processor until the time has come.
const spinBelow = 15 * time.Microsecond

func newPacer() (*pacer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("timerfd_create: %w", err)
	}
	return &pacer{fd: fd, file: os.NewFile(uintptr(fd), "timerfd")}, nil
}

// waitUntil returns when clock() >= at, both in ns, or with the error of the timer.
func (p *pacer) waitUntil(at int64, clock func() int64) error {
	for {
		left := at - clock()
		if left <= 0 {
			return nil
		}
		if left < int64(spinBelow) {
			runtime.Gosched()
			continue
		}
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(left)}
		if err := unix.TimerfdSettime(p.fd, 0, &spec, nil); err != nil {
			return fmt.Errorf("timerfd_settime: %w", err)
		}
		if _, err := p.file.Read(p.buf[:]); err != nil {
			return fmt.Errorf("timerfd: %w", err)
		}
		if binary.NativeEndian.Uint64(p.buf[:]) == 0 {
			return errors.New("timerfd: read without expiry")
		}
	}
}

func (p *pacer) close() error { return p.file.Close() }
