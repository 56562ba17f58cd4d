package engines

import (
	"fmt"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/lsm/axes"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/variants"
	"lsmlab/engines/lsm/wal"
)

// own returns the engines of this module: one core, with each of the MemTables. Further
// engines are named by options, see [axes].
func own() (infos []Info) {
	for _, v := range variants.All() {
		infos = append(infos, variant(v, axes.Choice{}))
	}
	return infos
}

// withOptions returns the engine of a name that has options: BASE+OPTION...
func withOptions(base, options string) (Info, error) {
	for _, v := range variants.All() {
		if engineName(v) != base {
			continue
		}
		choice, err := axes.Parse(options)
		if err != nil {
			return Info{}, fmt.Errorf("engine %s+%s: %w; see `lsmlab list options`", base, options, err)
		}
		return variant(v, choice), nil
	}
	if _, err := Lookup(base); err != nil {
		return Info{}, err
	}
	return Info{}, fmt.Errorf("engine %s takes no options, as in +%s: only %s do", base, options, strings.Join(Own(), ", "))
}

// Covering returns few names of engines of this module. In them, every two options that
// allow durability level d, and every option with every MemTable, occur together at
// least once, except pairs that exclude each other. Tests run over these names.
func Covering(d kv.Durability) (names []string) {
	all := variants.All()
	for _, row := range axes.Cover(len(all), func(v axes.Value) bool { return v.Gives(d) }) {
		names = append(names, engineName(all[row.Base])+row.String())
	}
	return names
}

func engineName(v variants.Variant) string { return "lsm-" + v.Name }

// variant returns the engine with a MemTable and a choice of options.
func variant(v variants.Variant, choice axes.Choice) Info {
	core := lsm.Options{}
	choice.Apply(&core, false)
	info := Info{
		Name:    engineName(v) + choice.String(),
		Summary: "lsmlab's LSM core with " + v.Kind,
		Own:     true,
		AnyFS:   true,

		SyncsOnDemand: choice.Gives(kv.Synced),

		Drops:        choice.Drops(),
		Durabilities: map[kv.Durability]string{},
		Isolations: map[kv.Isolation]string{
			kv.ReadCommitted:     "each read at the newest LSN",
			kv.SnapshotIsolation: "reads at one LSN, writes compared at the commit",
			kv.Serializable:      "reads at one LSN, keys and ranges that were read compared at the commit",
		},
		Settings: axes.Settings(core),
		Open: func(dir string, o Options) (kv.Engine, error) {
			db, err := lsm.Open(dir, coreOptions(v.New, choice, o))
			if err != nil {
				return nil, err // not db: a nil *lsm.DB in a kv.Engine is not nil
			}
			return db, nil
		},
	}
	if about := choice.About(); about != "" {
		info.Summary += "; " + about
	}
	for d := kv.Volatile; d <= kv.Synced; d++ {
		if choice.Gives(d) {
			info.Durabilities[d] = axes.Path(coreOptions(v.New, choice, Options{Durability: d}), d)
		}
	}
	return info
}

// coreOptions translates the options that all engines share into options of the core.
func coreOptions(table memtable.Factory, choice axes.Choice, o Options) lsm.Options {
	o = o.WithDefaults()
	opts := lsm.Options{
		MemTable: table, MemTableSize: o.MemTableSize, CacheSize: o.CacheSize, FS: o.FS, Opening: o.Opening,
		DurableReads: o.DurableReads, SyncInterval: o.SyncInterval, Reserve: o.Reserve || o.Small,
	}
	if o.Small {
		opts = opts.Small()
		opts.Deterministic = true // so a crash can be repeated, and its state can be recognised
	}
	if o.Durability < kv.Synced {
		opts.WALWrite = wal.Mapped
	}
	choice.Apply(&opts, o.Small)
	return opts
}
