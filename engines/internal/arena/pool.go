package arena

import (
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/invariants"
)

// maxPooled bounds the chunks kept for the next arena, 4 MiB: a store that is
// only read holds little, and small MemTables fault nothing in.
const maxPooled = 2

// poisoned is how many bytes at the start of given-back memory are overwritten
// in builds that check invariants; more would make tests with small tables slow.
const poisoned = 64 << 10

// memory is some chunks in a row.
type memory struct {
	bytes []byte
	heap  bool // of the Go heap: never to be unmapped
}

// pool keeps single chunks that were given back: taking one costs no system
// call, and its pages need not be faulted in again.
var pool struct {
	sync.Mutex
	free    [][]byte
	held    int64 // bytes taken and not given back
	coming  int   // chunks that fill makes
	filling bool  // a goroutine that fills runs

	short atomic.Bool // an arena that grows took a chunk since it was filled
}

// Held returns the bytes that arenas hold now, for tests and metrics.
func Held() int64 {
	pool.Lock()
	defer pool.Unlock()
	return pool.held
}

// takeChunks returns n chunks in a row. more says that the taker will come back
// for another one soon.
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

// fillWhileShort fills until there is nothing to fill at the moment that it ends.
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

// Tend fills the pool if arenas that grow have taken from it. Whoever works long
// in the background calls it every millisecond or so: where all processors are
// busy, the goroutine that would fill it is run in the place of the writer that
// took the memory (batches of rising keys: 3.83M -> 4.32M entries/s, 2-core Xeon VM).
func Tend() {
	if pool.short.Load() {
		fill()
	}
}

// fill fills the pool with memory that is there already: to clear a huge page at
// its first touch takes 0.4 ms and more, a third of the time of the writer that
// met it (batches of rising keys, 2-core Xeon VM).
func fill() {
	for {
		pool.Lock()
		if len(pool.free)+pool.coming >= maxPooled {
			pool.short.Store(false)
			pool.Unlock()
			return
		}
		mem, err := askMemory(1)
		if err != nil { // best effort: who needs a chunk meets it too
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

func giveChunks(m memory) {
	mem := m.bytes
	if invariants.Enabled {
		for i := range mem[:min(len(mem), poisoned)] {
			mem[i] = 0xdb // a use after Release shows
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
