package arena

import (
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/invariants"
)

// maxPooled is how many chunks are kept for the next arena, 4 MiB in all. It is so low
// that a store which is only read holds little; it suffices for small MemTables to
// fault nothing in.
const maxPooled = 2

// poisoned is how many bytes at the start of released memory are overwritten in builds
// that check invariants. More would make tests with small tables slow.
const poisoned = 64 << 10

// memory is one or more chunks in a row.
type memory struct {
	bytes []byte
	heap  bool // it belongs to the Go heap and must not be unmapped
}

// pool keeps single chunks that were released. To take one costs no system call, and
// its pages need not be faulted in again.
var pool struct {
	sync.Mutex
	free    [][]byte
	held    int64 // bytes taken and not yet given back
	coming  int   // chunks that fill is making
	filling bool  // a goroutine runs fillWhileShort

	short atomic.Bool // an arena that grows took a chunk since the last fill
}

// Held returns the bytes that all arenas of the process hold now.
func Held() int64 {
	pool.Lock()
	defer pool.Unlock()
	return pool.held
}

// takeChunks returns n chunks in a row. more says that the caller will soon need
// another one.
func takeChunks(n int, more bool) memory {
	pool.Lock()
	defer pool.Unlock()
	pool.held += int64(n) * chunkSize
	if more {
		pool.short.Store(true)
		if !pool.filling {
			pool.filling = true
			go fillWhileShort()
		}
	}
	if last := len(pool.free) - 1; n == 1 && last >= 0 {
		mem := pool.free[last]
		pool.free = pool.free[:last]
		return memory{bytes: mem}
	}
	return mustTake(n)
}

// fillWhileShort fills the pool, and ends at a moment when nothing is missing.
func fillWhileShort() {
	for {
		fill()
		pool.Lock()
		done := !pool.short.Load()
		pool.filling = !done
		pool.Unlock()
		if done {
			return
		}
	}
}

// Tend fills the pool if arenas that grow have taken from it. Code that works long in
// the background calls it every millisecond or so. Without this, when all processors
// are busy, the goroutine that fills the pool runs in place of the writer that took the
// memory (batches of rising keys: 3.83M -> 4.32M entries/s, 2-core Xeon VM).
func Tend() {
	if pool.short.Load() {
		fill()
	}
}

// fill fills the pool with memory whose pages are allocated already. To clear a huge
// page at the first access takes 0.4 ms and more, which was a third of the time of the
// writer that met it (batches of rising keys, 2-core Xeon VM).
func fill() {
	for {
		pool.Lock()
		if len(pool.free)+pool.coming >= maxPooled {
			pool.short.Store(false)
			pool.Unlock()
			return
		}
		mem, err := askMemory(1)
		if err != nil { // no harm: code that needs a chunk will meet the error itself
			pool.short.Store(false)
			pool.Unlock()
			return
		}
		pool.coming++
		pool.Unlock()
		populate(mem)
		pool.Lock()
		pool.coming--
		pool.free = append(pool.free, mem)
		pool.Unlock()
	}
}

// giveChunks puts a single chunk into the pool if there is room, and unmaps everything
// else.
func giveChunks(m memory) {
	mem := m.bytes
	if invariants.Enabled {
		for i := range mem[:min(len(mem), poisoned)] {
			mem[i] = 0xdb // makes a use after Release visible
		}
	}
	pool.Lock()
	pool.held -= int64(len(mem))
	keep := len(mem) == chunkSize && !m.heap && len(pool.free)+pool.coming < maxPooled
	if keep {
		pool.free = append(pool.free, mem)
	}
	pool.Unlock()
	if !keep && !m.heap {
		unmapMemory(mem)
	}
}
