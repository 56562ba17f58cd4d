// Package engineset says of which engines of this module a campaign can be run, and what
// they are versions of.
package engineset

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"lsmlab/engines"
	"lsmlab/engines/kv"
)

// Judged returns the engines of a list without those that come twice. It refuses engines
// that no power cut can judge.
func Judged(names []string) (all []string, err error) {
	for _, name := range names {
		info, err := engines.Lookup(name)
		switch {
		case err != nil:
			return nil, err
		case info.Drops:
			return nil, fmt.Errorf("%s drops acknowledged writes by design, so nothing can be said of what a crash loses; leave the size out", name)
		case info.Durabilities[kv.Synced] == "":
			return nil, fmt.Errorf("%s does not give the durability level synced, so no write is promised to outlive a power cut", name)
		case !slices.Contains(all, name):
			all = append(all, name)
		}
	}
	return all, nil
}

// TxnLevels returns the isolation levels of the transactions that programs for an engine
// have: of our own engines all, or those of wanted if there are any. Programs for peers
// have none, as transactions of some of them wait for each other, and those of a program
// are steps of one goroutine.
func TxnLevels(name string, wanted []kv.Isolation) (levels []kv.Isolation) {
	info, err := engines.Lookup(name)
	if err != nil || !info.Own {
		return nil
	}
	for _, level := range kv.Isolations() {
		if info.Isolations[level] != "" && (len(wanted) == 0 || slices.Contains(wanted, level)) {
			levels = append(levels, level)
		}
	}
	return levels
}

// TakesRangeDeletes says whether programs for an engine have range deletes: those for our own
// engines do.
func TakesRangeDeletes(name string) bool {
	info, err := engines.Lookup(name)
	return err == nil && info.Own
}

// Versions returns the versions of Go, of this program, and of the engines that are
// libraries, by name.
func Versions(names []string) map[string]string {
	v := map[string]string{"go": runtime.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		v["lsmlab"] = build.Main.Version
	}
	for _, name := range names {
		if info, err := engines.Lookup(name); err == nil && info.Module != "" {
			v[name] = info.Version
		}
	}
	return v
}
