package sstable

import (
	"sync"
	"sync/atomic"
)

// cacheShards is how many shards the cache has, each with its own lock.
const cacheShards = 32

// Cache keeps blocks that had to be copied: blocks that were read from the file in
// Positioned mode, and blocks that were decompressed. Mapped tables without compression
// never use it. It is safe for concurrent use, and any number of tables may share it.
//
// Cached blocks never change and belong to the garbage collector, so a view of a block
// stays valid after its eviction. CLOCK selects the block to evict (Corbató, "A Paging
// Experiment with the Multics System", 1968): a hit sets a bit and moves nothing.
type Cache struct {
	shards       [cacheShards]cacheShard
	hits, misses atomic.Int64
}

// cacheKey identifies a block: the ID of its table, and its offset in the file.
type cacheKey struct{ id, offset uint64 }

// cacheEntry is a block in the ring of a shard.
type cacheEntry struct {
	key  cacheKey
	data []byte
	used bool
}

// cacheShard is a part of the cache with its own lock and its own share of the budget.
type cacheShard struct {
	mu     sync.Mutex
	budget int64
	bytes  int64
	slots  map[cacheKey]int
	ring   []cacheEntry
	hand   int
}

// NewCache returns a cache that holds at most budget bytes of blocks.
func NewCache(budget int64) *Cache {
	c := new(Cache)
	for i := range c.shards {
		c.shards[i] = cacheShard{budget: budget / cacheShards, slots: map[cacheKey]int{}}
	}
	return c
}

func (c *Cache) shard(k cacheKey) *cacheShard {
	h := (k.id*0x9e3779b97f4a7c15 ^ k.offset) * 0xd6e8feb86659fd93
	return &c.shards[h>>32%cacheShards]
}

// get returns the block, or nil if it is not cached.
func (c *Cache) get(k cacheKey) []byte {
	s := c.shard(k)
	s.mu.Lock()
	var data []byte
	if i, ok := s.slots[k]; ok {
		e := &s.ring[i]
		e.used, data = true, e.data
	}
	s.mu.Unlock()
	if data == nil {
		c.misses.Add(1)
	} else {
		c.hits.Add(1)
	}
	return data
}

// put adds a block. Nobody may change data afterwards. A block larger than the budget
// of a shard is not kept.
func (c *Cache) put(k cacheKey, data []byte) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.slots[k]; ok || int64(len(data)) > s.budget {
		return
	}
	for s.bytes+int64(len(data)) > s.budget {
		s.evictOne()
	}
	s.slots[k] = len(s.ring)
	s.ring = append(s.ring, cacheEntry{key: k, data: data})
	s.bytes += int64(len(data))
}

// evictOne removes the next block that was not used since the hand passed it last. The
// ring must not be empty.
func (s *cacheShard) evictOne() {
	for {
		if s.hand >= len(s.ring) {
			s.hand = 0
		}
		if e := &s.ring[s.hand]; e.used {
			e.used = false
			s.hand++
			continue
		}
		s.remove(s.hand)
		return
	}
}

// remove removes slot i. The last slot moves into its place.
func (s *cacheShard) remove(i int) {
	last := len(s.ring) - 1
	s.bytes -= int64(len(s.ring[i].data))
	delete(s.slots, s.ring[i].key)
	if i != last {
		s.ring[i] = s.ring[last]
		s.slots[s.ring[i].key] = i
	}
	s.ring[last] = cacheEntry{}
	s.ring = s.ring[:last]
}

// Evict removes all blocks of the table with this ID.
func (c *Cache) Evict(id uint64) {
	for n := range c.shards {
		s := &c.shards[n]
		s.mu.Lock()
		for i := len(s.ring) - 1; i >= 0; i-- {
			if s.ring[i].key.id == id {
				s.remove(i)
			}
		}
		s.mu.Unlock()
	}
}

// Counters returns how often get found a block, and how often it did not, since
// NewCache.
func (c *Cache) Counters() (hits, misses int64) { return c.hits.Load(), c.misses.Load() }
