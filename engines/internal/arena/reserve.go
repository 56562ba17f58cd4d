package arena

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/kv"
)

// reserveChunks is how many chunks the reserve has: 32 MiB of addresses, of which no
// page is touched before it is needed.
//
// An insert into a MemTable must not fail half-way, so memory that the system refuses
// comes from the reserve. From then on [Refill] fails until the system gives memory
// again. The core calls it before each write and lets no write begin while it fails. So
// the reserve must last for the writes that have begun by then, and for the flush that
// frees memory: a few MiB for hundreds of writers. For a batch that is large by itself,
// the core calls [Probe] first. If even that is not enough, memory comes from the Go
// heap, where the runtime ends the process if the system refuses that too.
const reserveChunks = 16

var reserve struct {
	chunks [][]byte              // guarded by the lock of pool
	full   atomic.Bool           // no chunk is missing
	refuse func(bytes int) error // guarded by the lock of pool; nil outside of tests
}

// Refill fills the reserve. An error, which wraps kv.ErrExhausted, says that the system
// refuses memory now, so that no write should begin. While the reserve is full, Refill
// costs one atomic load.
func Refill() error {
	if reserve.full.Load() {
		return nil
	}
	pool.Lock()
	defer pool.Unlock()
	for len(reserve.chunks) < reserveChunks {
		mem, err := askMemory(1)
		if err != nil {
			return err
		}
		reserve.chunks = append(reserve.chunks, mem)
	}
	reserve.full.Store(true)
	return nil
}

// Probe says whether the system would give size bytes now. Its error is that of Refill.
func Probe(size int) error {
	pool.Lock()
	defer pool.Unlock()
	mem, err := askMemory(size/chunkSize + 1)
	if err == nil {
		unmapMemory(mem)
	}
	return err
}

// refuseMemory makes decide say whether the system gives memory: an error refuses it. It is
// for tests. A nil decide ends this. refuseMemory empties the reserve, and the next Refill
// makes it again.
func refuseMemory(decide func(bytes int) error) {
	pool.Lock()
	defer pool.Unlock()
	reserve.refuse = decide
	for _, mem := range reserve.chunks {
		unmapMemory(mem)
	}
	reserve.chunks = nil
	reserve.full.Store(false)
}

// askMemory maps n chunks in a row. The caller holds the lock of pool.
func askMemory(n int) (mem []byte, err error) {
	if reserve.refuse != nil {
		err = reserve.refuse(n * chunkSize)
	}
	if err == nil {
		mem, err = mapMemory(n * chunkSize)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: map %d bytes of memory: %w", kv.ErrExhausted, n*chunkSize, err)
	}
	return mem, nil
}

// mustTake returns n chunks in a row: from the system, else from the reserve, else from
// the Go heap. The caller holds the lock of pool.
func mustTake(n int) memory {
	if mem, err := askMemory(n); err == nil {
		return memory{bytes: mem}
	}
	reserve.full.Store(false)
	if last := len(reserve.chunks) - 1; n == 1 && last >= 0 {
		mem := reserve.chunks[last]
		reserve.chunks = reserve.chunks[:last]
		return memory{bytes: mem}
	}
	words := make([]uint64, n*chunkSize/8) // aligned for atomics
	return memory{bytes: unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), n*chunkSize), heap: true}
}
