//go:build !race

package arena

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"lsmlab/engines/internal/headroom"
)

// mapMemory returns size bytes outside the Go heap, aligned to a huge page. It maps one
// chunk more than asked for, and gives back the surplus on both sides.
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
	// An error is no harm: everything works without huge pages, with more TLB misses.
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE)
	return mem, nil
}

// populate makes the system allocate the pages of mem now. It needs Linux 5.14; on
// older systems, a page is allocated by the first store to it.
func populate(mem []byte) { _ = unix.Madvise(mem, unix.MADV_POPULATE_WRITE) }

func unmapMemory(mem []byte) { mustUnmap(unsafe.Pointer(&mem[0]), uintptr(len(mem))) }

// mustUnmap gives memory back. If the kernel manages it together with adjacent memory,
// munmap splits that area, and the kernel may refuse because it allows only so many
// areas. Then mustUnmap gives back the pages only, and the addresses stay mapped.
func mustUnmap(p unsafe.Pointer, size uintptr) {
	err := unix.MunmapPtr(p, size)
	if err == unix.ENOMEM {
		err = unix.Madvise(unsafe.Slice((*byte)(p), size), unix.MADV_DONTNEED)
	}
	if err != nil {
		panic("arena: munmap: " + err.Error()) // possible only with a wrong address
	}
}
