//go:build !race

package arena

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"lsmlab/engines/internal/headroom"
)

// mapMemory returns size bytes outside the Go heap, aligned to a huge page: it
// maps one chunk more and gives back what stands over on both sides.
func mapMemory(size int) ([]byte, error) {
	if err := headroom.Ask(); err != nil {
		return nil, err
	}
	const flags = unix.MAP_PRIVATE | unix.MAP_ANON | unix.MAP_NORESERVE
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(size+chunkSize), unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return nil, err
	}
	head := -uintptr(p) % chunkSize
	base := unsafe.Add(p, head)
	if head > 0 {
		mustUnmap(p, head)
	}
	mustUnmap(unsafe.Add(base, size), chunkSize-head)
	mem := unsafe.Slice((*byte)(base), size)
	// Best effort: without huge pages all works, with more TLB misses.
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE)
	return mem, nil
}

// populate has the system make the pages of mem now. Best effort: it needs Linux
// 5.14.
func populate(mem []byte) { _ = unix.Madvise(mem, unix.MADV_POPULATE_WRITE) }

func unmapMemory(mem []byte) { mustUnmap(unsafe.Pointer(&mem[0]), uintptr(len(mem))) }

// mustUnmap gives memory back. Within what the kernel keeps as one area with the
// memory beside it, that makes an area more, of which it may refuse to have so many:
// then the pages go and the addresses stay.
func mustUnmap(p unsafe.Pointer, size uintptr) {
	err := unix.MunmapPtr(p, size)
	if err == unix.ENOMEM {
		err = unix.Madvise(unsafe.Slice((*byte)(p), size), unix.MADV_DONTNEED)
	}
	if err != nil {
		panic("arena: munmap: " + err.Error()) // only a wrong address can fail
	}
}
