package engines

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lsmlab/engines/cluster/jump"
	"lsmlab/engines/kv"
)

// shards describes n shards of an engine, which may be replicas. There are no options.
func shards(n int, _ bool, inner Info) (Info, error) {
	if inner.Drops || strings.HasPrefix(inner.Name, "jump") {
		return Info{}, fmt.Errorf("%w: a shard must keep what it acknowledged, and have no shards itself", kv.ErrUnsupported)
	}
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
	return info, nil
}
