// Package peers holds what the adapters of foreign engines have in common with
// their callers. Each engine is a package below.
package peers

import "lsmlab/engines/kv"

// Options are the settings that all engines share; the zero value takes the
// defaults.
type Options struct {
	CacheSize    int64 // bytes of block cache; 1 GiB
	MemTableSize int64 // bytes; 64 MiB
	// Durability is the rung that the store will be used at. Engines that fix it
	// when they open (badger, bbolt) refuse the others; there, Volatile stands
	// for Buffered. Engines that choose by each Apply ignore it.
	Durability kv.Durability
}

// WithDefaults returns o with zero fields filled in.
func (o Options) WithDefaults() Options {
	if o.CacheSize == 0 {
		o.CacheSize = 1 << 30
	}
	if o.MemTableSize == 0 {
		o.MemTableSize = 64 << 20
	}
	return o
}

// FixedRung returns the one rung of an engine that fixes it when it opens.
func (o Options) FixedRung() kv.Durability { return max(o.Durability, kv.Buffered) }
