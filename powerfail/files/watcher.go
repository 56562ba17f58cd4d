package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watcher notes the calls of sync(2) and syncfs(2) of one program.
type watcher struct {
	argv   []string     // command that calls [Watched] with a command line appended
	synced func() error // notes one call
	ours   int          // socket over which the listener comes, -1 if closed
	theirs *os.File
	done   chan struct{} // closed when the program has ended
	ended  sync.WaitGroup
	err    error
}

func newWatcher(argv []string, synced func() error) (*watcher, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket: %w", err)
	}
	w := &watcher{argv: argv, synced: synced, ours: pair[0], theirs: os.NewFile(uintptr(pair[1]), "socket"), done: make(chan struct{})}
	w.ended.Go(w.watch)
	return w, nil
}

// command returns the process for argv behind the filter, made by launch.
func (w *watcher) command(launch func(context.Context, ...string) *exec.Cmd) func(context.Context, ...string) *exec.Cmd {
	return func(ctx context.Context, argv ...string) *exec.Cmd {
		cmd := launch(ctx, append(w.argv[:len(w.argv):len(w.argv)], argv...)...)
		cmd.ExtraFiles = []*os.File{w.theirs}
		return cmd
	}
}

// close ends the watch, once the program has ended.
func (w *watcher) close() error {
	close(w.done)
	_ = w.theirs.Close()
	w.ended.Wait()
	return errors.Join(w.err, unix.Close(w.ours))
}

// watch receives the listener from the process and answers its notifications.
func (w *watcher) watch() {
	if !w.ready(w.ours) {
		return // the program never ran
	}
	oob := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(w.ours, make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC)
	messages, _ := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(messages) != 1 {
		return // it could not install the filter, and says so
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		w.err = err
		return
	}
	listener := fds[0]
	defer func() { _ = unix.Close(listener) }()
	for w.err == nil && w.ready(listener) {
		w.err = w.answer(listener)
	}
}

// ready waits until there is something to read, or the program has ended.
func (w *watcher) ready(fd int) bool {
	const milliseconds = 20 // after the end of the program
	for {
		polled := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(polled, milliseconds)
		switch {
		case n > 0 && polled[0].Revents&unix.POLLIN != 0:
			return true
		case n > 0 || err != nil && err != unix.EINTR:
			return false // nobody is behind the filter any more
		}
		select {
		case <-w.done:
			return false
		default:
		}
	}
}

// notification and response are struct seccomp_notif and seccomp_notif_resp.
type notification struct {
	id         uint64
	pid, flags uint32
	data       [64]byte
}

type response struct {
	id           uint64
	value        int64
	errno, flags int32
}

// answer receives one call, logs it, and lets its caller go on as after a call that succeeded.
func (w *watcher) answer(listener int) error {
	var n notification
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
		return ignore(errno)
	}
	if err := w.synced(); err != nil {
		return err
	}
	r := response{id: n.id}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r)))
	return ignore(errno)
}

// ignore returns nil for a caller that was killed meanwhile, or interrupted.
func ignore(errno unix.Errno) error {
	if errno == 0 || errno == unix.ENOENT || errno == unix.EINTR {
		return nil
	}
	return fmt.Errorf("answer a system call: %w", errno)
}
