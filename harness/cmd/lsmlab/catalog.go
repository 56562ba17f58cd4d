package main

import (
	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/memrace"
	"lsmlab/harness/result"
)

// newCatalog is all that there is to race.
func newCatalog() harness.Catalog {
	tables := append(memrace.Own(), memrace.Peers()...)
	for i := range tables {
		tables[i].Version = engines.Version(tables[i].Module)
	}
	return harness.Catalog{
		Engines: engines.Names(),
		Lookup:  lookup,
		Open: func(name, dir string, o harness.OpenOptions) (kv.Engine, error) {
			return engines.Open(name, dir, engines.Options{
				CacheSize: o.CacheSize, MemTableSize: o.MemTableSize, Durability: o.Durability,
			})
		},
		MemTables: tables,
	}
}

func lookup(name string) (result.EngineInfo, error) {
	info, err := engines.Lookup(name)
	if err != nil {
		return result.EngineInfo{}, err
	}
	rungs := map[string]string{}
	for d, options := range info.Rungs {
		rungs[d.String()] = options
	}
	return result.EngineInfo{
		Name: info.Name, Version: info.Version, Own: info.Own, Options: rungs, Settings: info.Settings, Summary: info.Summary,
	}, nil
}
