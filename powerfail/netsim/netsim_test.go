package netsim

import (
	"fmt"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/cluster/etcdraft"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

func opener(t testing.TB, engine string) OpenFunc {
	info, err := engines.Lookup(engine)
	if err != nil {
		t.Fatal(err)
	}
	return func(fs vfs.FS, d kv.Durability) (kv.Engine, error) {
		return info.Open("/db", engines.Options{FS: fs, Durability: d, Small: true})
	}
}

func TestSome(t *testing.T) {
	o := Options{Open: opener(t, "lsm-bptree"), Core: etcdraft.New}
	events := 0
	for seed := range uint64(5000) {
		r := Draw(o, seed, Shape{})
		events += r.Events
		if r.Broken != nil {
			t.Fatalf("seed %d: %s: %s", seed, r.Broken.Rule, r.Broken.Detail)
		}
	}
	t.Log(events/5000, "events a schedule")
}

func BenchmarkRun(b *testing.B) {
	for _, ticks := range []int{2, 4, 8, 24} {
		b.Run(fmt.Sprint(ticks), func(b *testing.B) { benchRun(b, Shape{Ticks: ticks}) })
	}
}

func benchRun(b *testing.B, shape Shape) {
	o := Options{Open: opener(b, "lsm-bptree"), Core: etcdraft.New}
	events := 0
	b.ReportAllocs()
	for seed := range uint64(b.N) {
		r := Draw(o, seed, shape)
		events += r.Events
		if r.Broken != nil {
			b.Fatalf("seed %d: %s: %s", seed, r.Broken.Rule, r.Broken.Detail)
		}
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(events)/float64(b.N), "events/op")
}
