package sstable

import (
	"math/rand/v2"
	"sync"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// size returns the bytes of blocks that the cache holds.
func (c *Cache) size() (n int64) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		n += s.bytes
		s.mu.Unlock()
	}
	return n
}

func TestCacheBudgetAndEvict(t *testing.T) {
	c := NewCache(cacheShards * 1000)
	for i := range uint64(2000) {
		c.put(cacheKey{i % 3, i * pageSize}, make([]byte, 100))
		if c.size() > cacheShards*1000 {
			t.Fatalf("%d bytes held", c.size())
		}
	}
	if c.size() < cacheShards*500 {
		t.Errorf("only %d bytes held", c.size())
	}
	c.put(cacheKey{9, 0}, make([]byte, 2000))
	if c.get(cacheKey{9, 0}) != nil {
		t.Error("a block over a shard's budget was kept")
	}
	for id := range uint64(3) {
		c.Evict(id)
	}
	if c.size() != 0 {
		t.Errorf("%d bytes held after all was evicted", c.size())
	}
}

// TestCacheKeepsWhatIsUsed pins CLOCK: blocks that are asked for survive a
// stream of blocks that are not.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	c := NewCache(cacheShards * 1000)
	hot := cacheKey{1, 0}
	c.put(hot, make([]byte, 100))
	for i := range uint64(5000) {
		if c.get(hot) == nil {
			t.Fatalf("lost after %d blocks", i)
		}
		c.put(cacheKey{2, i * pageSize}, make([]byte, 100))
	}
	hits, misses := c.Counters()
	if hits != 5000 || misses != 0 {
		t.Errorf("%d hits, %d misses", hits, misses)
	}
}

// TestConcurrentReaders reads one table from many goroutines, with a cache so
// small that blocks are thrown out under iterators which still view them. It is
// made for the race detector; without it, it finds wrong content.
func TestConcurrentReaders(t *testing.T) {
	seed := testseed.New(t)
	model := randomModel(rand.New(rand.NewPCG(seed, 0)), 4000)
	for _, s := range setups[:7] {
		fs := vfs.NewMem()
		writeTable(t, fs, "t", s.w, model)
		o := s.r
		if s.cache > 0 {
			o.Cache = NewCache(cacheShards * 20 << 10)
		}
		r := openTable(t, fs, "t", o)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(seed, 1+uint64(g)))
				var it Iter
				for range 100 {
					e := model[rng.IntN(len(model))]
					v, _, ok, err := r.Get(nil, e.key.User, e.key.Trailer.Seq())
					if !ok || err != nil || string(v) != string(e.value) {
						t.Errorf("%s: Get(%v): %v, %v", s.name, e, ok, err)
						return
					}
					r.InitIter(&it)
					if !it.SeekGE(e.key) || ikey.Compare(it.Key(), e.key) != 0 || string(it.Value()) != string(e.value) {
						t.Errorf("%s: SeekGE(%v): %v", s.name, e, it.Close())
						return
					}
					for n := 0; n < 100 && it.Next(); n++ {
					}
					if g == 0 && o.Cache != nil {
						o.Cache.Evict(o.ID)
					}
					if err := it.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
}
