package inventory

import (
	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/memrace"
	"lsmlab/harness/result"
)

// Catalog returns all that there is to race.
func Catalog() harness.Catalog {
	tables := append(memrace.Own(), memrace.Peers()...)
	for i := range tables {
		tables[i].Version = engines.Version(tables[i].Module)
	}
	return harness.Catalog{
		Engines: engines.Names(),
		Lookup:  lookup,
		Open: func(name, dir string, o harness.OpenOptions) (kv.Engine, error) {
			return engines.Open(name, dir, engineOptions(o))
		},
		Check: func(name string, o harness.OpenOptions) error {
			info, err := engines.Lookup(name)
			if err != nil {
				return err
			}
			return info.Check(engineOptions(o))
		},
		MemTables: tables,
	}
}

func engineOptions(o harness.OpenOptions) engines.Options {
	return engines.Options{
		CacheSize: o.CacheSize, MemTableSize: o.MemTableSize, Durability: o.Durability,
		Transactions: o.Transactions, DurableReads: o.DurableReads, SyncInterval: o.SyncInterval, Reserve: o.Reserve, Opening: o.Opening,
	}
}

func lookup(name string) (result.EngineInfo, error) {
	info, err := engines.Lookup(name)
	if err != nil {
		return result.EngineInfo{}, err
	}
	levels := map[string]string{}
	for d, options := range info.Rungs {
		levels[d.String()] = options
	}
	isolations := map[string]string{}
	for level, by := range info.Isolations {
		isolations[level.String()] = by
	}
	return result.EngineInfo{
		Isolations: isolations,
		Name:       info.Name, Version: info.Version, Own: info.Own, FixedLevel: info.FixedRung, Options: levels, Settings: info.Settings, Summary: info.Summary,
	}, nil
}
