// Package engineset says which engines campaigns can judge, what programs for an engine may
// contain, and which version of an engine this build has.
package engineset

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"lsmlab/engines"
	"lsmlab/engines/kv"
)

// Judged returns the names of a list, each once. It refuses engines that promise nothing
// which a power cut could break.
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

// TxnLevels returns the isolation levels of the transactions in programs for an engine. For
// own engines these are all levels that the engine gives, or those of wanted if it is not
// empty. For peers there are none: transactions of some peers wait for each other, and the
// steps of a program's transactions run in one goroutine.
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
