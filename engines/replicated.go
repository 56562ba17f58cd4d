package engines

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"lsmlab/engines/cluster"
	"lsmlab/engines/kv"
)

// replicas describes n replicas of an engine.
func replicas(n int, lease bool, inner Info) (Info, error) {
	option, reads := "", "ReadIndex, one round of heartbeats for all reads that wait"
	if lease {
		option, reads = "+lease", "lease of the leader, in the caller's goroutine: no member's clock may be faster than the leader's by an eighth"
	}
	info := Info{
		Name:            fmt.Sprintf("raft%d%s:%s", n, option, inner.Name),
		Summary:         fmt.Sprintf("%d replicas, in one process, of: %s", n, inner.Summary),
		Module:          "go.etcd.io/raft/v3",
		FixedDurability: true,
		ExitsOnError:    inner.ExitsOnError,
		Durabilities:    map[kv.Durability]string{},
		Settings:        map[string]string{},
	}
	maps.Copy(info.Settings, inner.Settings)
	info.Settings["members"], info.Settings["reads"] = strconv.Itoa(n), reads
	for _, d := range []kv.Durability{kv.Buffered, kv.Synced} {
		if how, ok := inner.Durabilities[d]; ok {
			info.Durabilities[d] = "on a majority: " + how
		}
	}
	if inner.Drops || len(info.Durabilities) == 0 || madeOfEngines(inner.Name) {
		return Info{}, fmt.Errorf("%w: a member must keep what it acknowledged, and be no store of several itself", kv.ErrUnsupported)
	}
	info.Open = func(dir string, o Options) (kv.Engine, error) {
		level := o.FixedDurability()
		if _, ok := info.Durabilities[level]; !ok {
			return nil, fmt.Errorf("%w: durability %v", kv.ErrUnsupported, level)
		}
		o.Durability = level
		e, err := cluster.Open(dir, cluster.Options{
			Members: n, LeaseReads: lease, Log: level, State: stateLevel(inner, level),
			Open: func(dir string) (kv.Engine, error) { return inner.Open(dir, o) },
		})
		if err != nil {
			return nil, err // not e: a nil *cluster.Engine in a kv.Engine is not nil
		}
		return e, nil
	}
	return info, nil
}

// stateLevel returns the level at which applied entries are written: the weakest of an
// engine whose later syncs make durable all that was written before, else that of the log.
func stateLevel(inner Info, log kv.Durability) kv.Durability {
	if !inner.SyncsOnDemand || inner.FixedDurability {
		return log
	}
	return slices.Min(slices.Collect(maps.Keys(inner.Durabilities)))
}
