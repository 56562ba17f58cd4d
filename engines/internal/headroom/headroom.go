// Package headroom keeps addresses free for the Go runtime. Where the address space of
// the process is limited (prlimit --as), the runtime ends the process when it cannot
// grow its heap. So code that maps much memory of its own must not take the last of it.
package headroom

import "golang.org/x/sys/unix"

// Bytes is how many bytes must stay free. The runtime takes 64 MiB in one step for its
// heap.
const Bytes = 128 << 20

// Ask returns an error, usually ENOMEM, if Bytes cannot be mapped now.
func Ask() error {
	p, err := unix.MmapPtr(-1, 0, nil, Bytes, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return err
	}
	return unix.MunmapPtr(p, Bytes)
}
