package netsim

import (
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/cluster/etcdraft"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

func opener(engine string) OpenFunc {
	return func(fs vfs.FS, d kv.Durability) (kv.Engine, error) {
		return engines.Open(engine, "/db", engines.Options{FS: fs, Durability: d, Small: true})
	}
}

func TestSome(t *testing.T) {
	o := Options{Open: opener("lsm-bptree"), Core: etcdraft.New}
	events := 0
	for seed := range uint64(5000) {
		s, d := Generate(seed, Shape{})
		r := Run(o, s, d)
		events += r.Events
		if r.Broken != nil {
			t.Fatalf("seed %d: %s: %s", seed, r.Broken.Rule, r.Broken.Detail)
		}
	}
	t.Log(events/5000, "events a schedule")
}
