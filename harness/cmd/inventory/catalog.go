package inventory

import (
	"strings"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/result"
	"lsmlab/harness/studies"
)

// Catalog returns all that there is to race.
func Catalog() harness.Catalog {
	kinds := studies.Kinds()
	for _, k := range kinds {
		for i, c := range k.Contenders {
			k.Contenders[i].Version = engines.Version(c.Module)
		}
	}
	return harness.Catalog{
		Engines: engines.Names(),
		Lookup:  lookup,
		Open: func(name, dir string, o harness.OpenOptions) (kv.Engine, error) {
			return engines.Open(strings.TrimSuffix(name, result.Again), dir, engineOptions(o))
		},
		Check: func(name string, o harness.OpenOptions) error {
			info, err := engines.Lookup(strings.TrimSuffix(name, result.Again))
			if err != nil {
				return err
			}
			return info.Check(engineOptions(o))
		},
		Kinds: kinds,
	}
}

func engineOptions(o harness.OpenOptions) engines.Options {
	return engines.Options{
		CacheSize: o.CacheSize, MemTableSize: o.MemTableSize, Durability: o.Durability,
		Transactions: o.Transactions, DurableReads: o.DurableReads, SyncInterval: o.SyncInterval, Reserve: o.Reserve, Opening: o.Opening,
	}
}

// lookup describes an engine. One with [result.Again] behind it is the same under another
// name.
func lookup(name string) (result.EngineInfo, error) {
	base, again := strings.CutSuffix(name, result.Again)
	info, err := engines.Lookup(base)
	if err != nil {
		return result.EngineInfo{}, err
	}
	if again {
		info.Name += result.Again
	}
	levels := map[string]string{}
	for d, options := range info.Durabilities {
		levels[d.String()] = options
	}
	isolations := map[string]string{}
	for level, by := range info.Isolations {
		isolations[level.String()] = by
	}
	return result.EngineInfo{
		Isolations: isolations,
		Name:       info.Name, Version: info.Version, Own: info.Own, FixedLevel: info.FixedDurability, Options: levels, Settings: info.Settings, Summary: info.Summary,
	}, nil
}
