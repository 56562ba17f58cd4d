package engines

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"lsmlab/engines/cluster/jump"
	"lsmlab/engines/kv"
)

// shardedName is jumpN:ENGINE.
var shardedName = regexp.MustCompile(`^jump([0-9]+):(.+)$`)

// madeOfEngines says whether an engine of that name is made of several.
func madeOfEngines(name string) bool {
	return replicatedName.MatchString(name) || shardedName.MatchString(name)
}

// sharded returns the engine of a name of [shardedName]; ok says whether it is one.
func sharded(name string) (info Info, ok bool, err error) {
	parts := shardedName.FindStringSubmatch(name)
	if parts == nil {
		return Info{}, false, nil
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil || n < 1 || n > jump.MaxShards {
		return Info{}, true, fmt.Errorf("engine %s: %s shards, want 1 to %d", name, parts[1], jump.MaxShards)
	}
	inner, err := Lookup(parts[2])
	if err != nil {
		return Info{}, true, fmt.Errorf("engine %s: %w", name, err)
	}
	if inner.Drops || shardedName.MatchString(inner.Name) {
		return Info{}, true, fmt.Errorf("engine %s: %w: a shard must keep what it acknowledged, and have no shards itself", name, kv.ErrUnsupported)
	}
	return shards(n, inner), true, nil
}

// shards describes n shards of an engine.
func shards(n int, inner Info) Info {
	info := Info{
		Name:            fmt.Sprintf("jump%d:%s", n, inner.Name),
		Summary:         fmt.Sprintf("%d shards, in one process, of: %s", n, inner.Summary),
		Module:          inner.Module,
		FixedDurability: inner.FixedDurability,
		ExitsOnError:    inner.ExitsOnError,
		Durabilities:    inner.Durabilities,
		Settings:        map[string]string{},
	}
	maps.Copy(info.Settings, inner.Settings)
	info.Settings["shards"] = strconv.Itoa(n)
	info.Settings["batches across shards"] = "atomic, at the strongest level, one at a time"
	info.Open = func(dir string, o Options) (kv.Engine, error) {
		levels := slices.Sorted(maps.Keys(inner.Durabilities))
		if inner.FixedDurability {
			levels = []kv.Durability{o.FixedDurability()}
		}
		e, err := jump.Open(dir, jump.Options{Shards: n, Levels: levels,
			Open: func(dir string) (kv.Engine, error) { return inner.Open(dir, o) }})
		if err != nil {
			return nil, err // not e: a nil *jump.Engine in a kv.Engine is not nil
		}
		return e, nil
	}
	return info
}
