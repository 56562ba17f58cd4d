package harness

import (
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/nearest"
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// Catalog is what there is to race. The harness knows engines by name only and opens
// them through a Catalog, so it depends on no engine. The command fills it from the
// table of engines; tests fill it with their own.
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

// OpenOptions are the options that every engine takes. Zero stands for a default that
// is comparable in all engines.
type OpenOptions struct {
	CacheSize    int64 // bytes
	MemTableSize int64 // bytes
	// Durability is the level of all writes to come. Some engines open a store for one
	// level alone.
	Durability kv.Durability
	// Transactions asks for transactions, for which plain writes of some engines pay too.
	Transactions bool `json:",omitempty"`
	// Reserve lets an engine hold back room on the disk for the case that the disk is
	// full. Races do not set it, because not every engine has a reserve.
	Reserve bool
	// Opening, if not nil, is told how far the opening is; see engines.Options.
	Opening func(kv.OpenProgress) error `json:"-"`
	// DurableReads and SyncInterval are those of engines.Options.
	DurableReads bool          `json:",omitempty"`
	SyncInterval time.Duration `json:",omitempty"`
}
