package files

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel tells a FUSE file system nothing of sync(2) and syncfs(2). So a program
// runs behind a filter of system calls that lets all others pass, and holds these two
// until the recorder has noted them: see seccomp_unotify(2).

// Watched installs the filter and executes argv in this process. It sends the descriptor that
// reports the two calls over the socket at file descriptor 3. It returns only on an error.
func Watched(argv []string) error {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread() // the filter is that of the thread that becomes argv
	listener, err := listen()
	if err != nil {
		return fmt.Errorf("filter system calls: %w", err)
	}
	const socket = 3
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("send the listener of system calls: %w", err)
	}
	unix.CloseOnExec(socket)
	unix.CloseOnExec(listener)
	return unix.Exec(path, argv, os.Environ())
}

// architectures are the filter's numbers of the architectures that this build runs on.
var architectures = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// listen installs the filter on this thread and returns the descriptor that reports the calls.
func listen() (fd int, err error) {
	const number, arch = 0, 4 // offsets in struct seccomp_data
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: arch},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: architectures[runtime.GOARCH], Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SYNC, Jt: 2},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SYNCFS, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF},
	}
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	r, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}
