// Package engines is the one table of all engines, by name. Everything that races,
// crashes, serves or loads an engine opens it here, and so may any program that imports
// this module.
//
//	e, err := engines.Open("pebble", dir, engines.Options{})
//
// An engine is one of this module's own ([Own]: the core of package lsm with one of its
// MemTables) or a peer ([Peers]: a library of others behind an adapter). All implement
// the contract of package kv, so a caller depends on none of them. The name of an own
// engine may have options, as in lsm-bptree+zstd+pread; package lsm/axes has their
// table. [Info] says what an engine gives at each durability level, and which of
// [Options] it refuses.
package engines

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"

	"lsmlab/engines/internal/interval"
	"lsmlab/engines/kv"
	"lsmlab/engines/nearest"
	"lsmlab/engines/peers"
	"lsmlab/engines/peers/badger"
	"lsmlab/engines/peers/bbolt"
	"lsmlab/engines/peers/goleveldb"
	"lsmlab/engines/peers/noop"
	"lsmlab/engines/peers/pebble"
)

// Options are the settings that all engines share. A zero field stands for a default
// that is comparable in all engines.
type Options = peers.Options

// Info describes one engine.
type Info struct {
	Name    string
	Summary string // one line
	Module  string // Go module of the library; "" for engines of this module
	Version string // of that module, as built in; "unknown" if the build does not say, as in tests
	Hidden  bool   // not an engine to race: kept out of Names
	Own     bool   // a variant of this module's core; all others are peers
	// Drops says that the engine drops acknowledged writes by design, so that no crash
	// test can judge what is left.
	Drops bool
	// Durabilities says, for each durability level that the engine gives, which settings give
	// it. Other levels are refused with kv.ErrUnsupported.
	Durabilities map[kv.Durability]string
	// Isolations says, for each isolation level that the engine's transactions give, what
	// gives it. Others are refused with kv.ErrUnsupported.
	Isolations map[kv.Isolation]string
	// TxnsOnDemand says that plain writes pay for transactions, so that they are given
	// with Options.Transactions alone.
	TxnsOnDemand bool
	// FixedDurability says that a store gives only the level of Options.Durability.
	FixedDurability bool
	// SyncsOnDemand says that the engine accepts Options.SyncInterval, because it can
	// make durable what was written at a weaker level before.
	SyncsOnDemand bool
	// AnyFS says that the engine can use Options.FS instead of the operating system.
	AnyFS bool
	// ExitsOnError says that the engine ends the process when a write or sync of
	// its log fails.
	ExitsOnError bool
	// Settings are the effective options that matter to a comparison.
	Settings map[string]string
	// Open opens the store in dir. It creates the store if there is none.
	Open func(dir string, o Options) (kv.Engine, error)
}

// all lists the engines in the order in which they are shown.
func all() []Info {
	infos := append(own(), []Info{
		{
			Name:    "pebble",
			Summary: "LSM tree of CockroachDB, in Go",
			Module:  pebble.Module,
			AnyFS:   true,

			ExitsOnError:  true,
			SyncsOnDemand: true,
			Durabilities: map[kv.Durability]string{
				kv.Volatile: "WriteOptions.Sync=false: may sit in the log writer's memory",
				kv.Buffered: "WriteOptions.Sync=true, log file skips the sync",
				kv.Synced:   "WriteOptions.Sync=true",
			},
			Isolations: map[kv.Isolation]string{
				kv.ReadCommitted: "indexed batch: reads see the newest state, nothing is compared at the commit",
			},
			Settings: map[string]string{
				"compression": "none", "bloom": "10 bits, none in L6", "blocks": "32 KiB",
				"format": "FormatColumnarBlocks",
				"L0":     "compaction at 2, stop at 1000", "compactions": "1 to 3", "memtables": "stop at 4",
			},
			Open: pebble.Open,
		},
		{
			Name:            "badger",
			Summary:         "LSM tree with a value log, in Go",
			Module:          badger.Module,
			FixedDurability: true,
			Durabilities: map[kv.Durability]string{
				kv.Buffered: "SyncWrites=false: log is a mapped file",
				kv.Synced:   "SyncWrites=true",
			},
			TxnsOnDemand: true,
			Isolations: map[kv.Isolation]string{
				kv.Serializable: "DetectConflicts=true: keys that were read are compared at the commit, ranges are not",
			},
			Settings: map[string]string{
				"compression": "none", "bloom": "1% false positives", "blocks": "4 KiB", "block cache": "none, tables are mapped",
				"value threshold": "1 MiB", "conflict detection": "off", "compactors": "4", "largest batch": "15% of the memtable",
			},
			Open: badger.Open,
		},
		{
			Name:    "goleveldb",
			Summary: "LevelDB in Go",
			Module:  goleveldb.Module,
			Durabilities: map[kv.Durability]string{
				kv.Buffered: "WriteOptions.Sync=false",
				kv.Synced:   "WriteOptions.Sync=true",
			},
			Isolations: map[kv.Isolation]string{
				kv.SnapshotIsolation: "as serializable",
				kv.Serializable:      "DB.OpenTransaction: one writer at a time, others wait",
			},
			Settings: map[string]string{
				"compression": "none", "bloom": "10 bits", "blocks": "4 KiB", "seek compaction": "off", "open files": "4096",
			},
			Open: goleveldb.Open,
		},
		{
			Name:            "bbolt",
			Summary:         "B+ tree in one mapped file, in Go",
			Module:          bbolt.Module,
			FixedDurability: true,
			Durabilities: map[kv.Durability]string{
				kv.Buffered: "NoSync=true",
				kv.Synced:   "NoSync=false",
			},
			Isolations: map[kv.Isolation]string{
				kv.SnapshotIsolation: "as serializable",
				kv.Serializable:      "DB.Begin(true): one writer at a time, others wait",
			},
			Settings: map[string]string{
				"freelist": "map, not synced", "initial mapping": "64 GiB", "cache": "the page cache alone",
			},
			Open: bbolt.Open,
		},
	}...)
	infos = append(infos, tagged...)
	infos = append(infos, Info{
		Name:    "noop",
		Summary: "does nothing: measures the harness",
		Hidden:  true,
		Durabilities: map[kv.Durability]string{
			kv.Volatile: "nothing is stored", kv.Buffered: "nothing is stored", kv.Synced: "nothing is stored",
		},
		Open: func(dir string, _ Options) (kv.Engine, error) { return noop.Open(dir) },
	})
	for i := range infos {
		infos[i].Version = Version(infos[i].Module)
	}
	return infos
}

// Names returns the names of the engines, except hidden ones and those with options.
func Names() []string { return names(func(Info) bool { return true }) }

// Own returns the names of this module's engines. Plans, crash runs and tests take them
// from here. Adding a MemTable adds its engine here.
func Own() []string { return names(func(info Info) bool { return info.Own }) }

func names(wanted func(Info) bool) (names []string) {
	for _, info := range all() {
		if !info.Hidden && wanted(info) {
			names = append(names, info.Name)
		}
	}
	return names
}

// Lookup returns the engine of that name, hidden or not. The name of an own engine may
// have options, in any order: lsm-bptree+pread+zstd (see [axes]). Info.Name has them in
// the canonical order and spelling. raft3:ENGINE is three replicas of an engine, see
// [AllMade].
func Lookup(name string) (Info, error) {
	if madeOfEngines(name) {
		return lookupMade(name)
	}
	if base, options, ok := strings.Cut(name, "+"); ok {
		info, err := withOptions(base, options)
		info.Version = Version(info.Module)
		return info, err
	}
	for _, info := range all() {
		if info.Name == name {
			return info, nil
		}
	}
	return Info{}, nearest.Unknown("engine", name, Names())
}

// Open opens the store in dir with the engine of that name. It creates the store if there
// is none. The caller closes the engine.
func Open(name, dir string, o Options) (kv.Engine, error) {
	info, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	if err := info.Check(o); err != nil {
		return nil, fmt.Errorf("open %w", err)
	}
	e, err := info.Open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open %s in %s: %w", name, dir, err)
	}
	return e, nil
}

// Check returns the error with which Open refuses o, or nil.
func (i Info) Check(o Options) error {
	switch {
	case o.FS != nil && !i.AnyFS:
		return fmt.Errorf("%s: %w: a file system of the caller's", i.Name, kv.ErrUnsupported)
	case o.SyncInterval != 0 && !i.SyncsOnDemand:
		return fmt.Errorf("%s: %w: a sync interval: it cannot sync on demand all that it wrote before", i.Name, kv.ErrUnsupported)
	case o.DurableReads && i.FixedDurability && o.Durability < kv.Synced:
		return fmt.Errorf("%s: %w: durable reads at durability level %v, the only one that the store gives then", i.Name, kv.ErrUnsupported, o.FixedDurability())
	}
	if err := interval.Check(o.SyncInterval); err != nil {
		return fmt.Errorf("%s: %w", i.Name, err)
	}
	return nil
}

// Version returns the version of a module in this build. It is "unknown" if the build
// does not say it, as in tests. The module "" is the main one.
func Version(module string) string {
	const unknown = "unknown"
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	if module == "" {
		return cmp.Or(build.Main.Version, unknown)
	}
	for _, dep := range build.Deps {
		if dep.Path == module && dep.Replace != nil {
			return dep.Replace.Path + " " + dep.Replace.Version
		}
		if dep.Path == module {
			return dep.Version
		}
	}
	return unknown
}
