package harness

import (
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/nearest"
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// Catalog is what there is to race. The harness knows engines by name and opens
// them through it, so that it depends on none of them: package cmd fills it from
// the engine table, tests from their own.
type Catalog struct {
	// Engines are the names for `list` and for defaults, in order.
	Engines []string
	// Lookup describes an engine, or says which name was meant.
	Lookup func(name string) (result.EngineInfo, error)
	// Open opens a store in dir, which exists and is empty.
	Open func(name, dir string, o OpenOptions) (kv.Engine, error)
	// Check refuses options that the engine cannot give, as Open does; nil refuses
	// none.
	Check func(name string, o OpenOptions) error
	// Kinds are the contenders that are no engines; one of them is that of `bench
	// --memtables`.
	Kinds []micro.Kind
}

// Kind returns a kind of contenders, or says which name was meant.
func (c Catalog) Kind(name string) (micro.Kind, error) {
	var names []string
	for _, k := range c.Kinds {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return micro.Kind{}, nearest.Unknown("kind of contenders", name, names)
}

// OpenOptions are the options that every engine takes. Zero is the engine's
// comparable default.
type OpenOptions struct {
	CacheSize    int64 // bytes
	MemTableSize int64 // bytes
	// Durability is that of the writes to come, for engines whose stores give one
	// durability level alone.
	Durability kv.Durability
	// Reserve lets engines hold back room on the disk for when it is full. Races do
	// not, as not every engine does.
	Reserve bool
	// Opening, if set, is told how far the opening is; see engines.Options.
	Opening func(kv.OpenProgress) error `json:"-"`
	// DurableReads and SyncInterval are those of engines.Options.
	DurableReads bool          `json:",omitempty"`
	SyncInterval time.Duration `json:",omitempty"`
}
