package locks

import (
	"sync"

	"github.com/maypok86/otter/v2"
	"github.com/puzpuzpuz/xsync/v4"

	"lsmlab/engines/lsm/hotmap"
	"lsmlab/harness/micro"
)

// store is a map as its users call it.
type store interface {
	Get(k key) ([]byte, bool)
	Set(k key, value []byte)
}

// key is a key in the form that a map takes, so that no map pays for a conversion.
type key struct {
	bytes  []byte
	string string
}

// contender is a map that can be made, with room for a number of keys where that is asked.
type contender struct {
	micro.Contender
	open func(keys int) store
}

var contenders = []contender{
	{micro.Contender{Name: "global", Own: true, About: "hotmap.NewGlobal: one RWMutex over one map"}, func(int) store { return own{hotmap.NewGlobal[[]byte]()} }},
	{micro.Contender{Name: "segmented", Own: true, About: "hotmap.NewSegmented: 64 segments, each with an RWMutex"}, func(int) store { return own{hotmap.NewSegmented[[]byte]()} }},
	{micro.Contender{Name: "hybrid", Own: true, About: "hotmap.NewHybrid: reads without a lock, writes by the lock of a segment, hot keys by compare-and-swap"}, func(int) store { return own{hotmap.NewHybrid[[]byte]()} }},
	{micro.Contender{Name: "sync-map", About: "sync.Map of Go's standard library"}, func(int) store { return &syncMap{} }},
	{micro.Contender{Name: "xsync", Module: "github.com/puzpuzpuz/xsync/v4", About: "github.com/puzpuzpuz/xsync Map: a lock for each bucket, reads without a lock"}, newXsync},
	{micro.Contender{Name: "otter", Module: "github.com/maypok86/otter/v2", About: "github.com/maypok86/otter Cache with room for twice the keys: it also keeps track of what to evict"}, newOtter},
}

type own struct{ m hotmap.Map[[]byte] }

func (o own) Get(k key) ([]byte, bool) { return o.m.Get(k.bytes) }
func (o own) Set(k key, value []byte)  { o.m.Set(k.bytes, value) }
func (o own) Contended() int64         { return o.m.Contended() }

type syncMap struct{ m sync.Map }

func (s *syncMap) Get(k key) ([]byte, bool) {
	v, ok := s.m.Load(k.string)
	if !ok {
		return nil, false
	}
	return v.([]byte), true
}
func (s *syncMap) Set(k key, value []byte) { s.m.Store(k.string, value) }

type xsyncMap struct{ m *xsync.Map[string, []byte] }

func newXsync(keys int) store {
	return xsyncMap{xsync.NewMap[string, []byte](xsync.WithPresize(keys))}
}
func (x xsyncMap) Get(k key) ([]byte, bool) { return x.m.Load(k.string) }
func (x xsyncMap) Set(k key, value []byte)  { x.m.Store(k.string, value) }

type otterCache struct{ c *otter.Cache[string, []byte] }

func newOtter(keys int) store {
	return otterCache{otter.Must(&otter.Options[string, []byte]{MaximumSize: 2 * keys, InitialCapacity: keys})}
}
func (o otterCache) Get(k key) ([]byte, bool) { return o.c.GetIfPresent(k.string) }
func (o otterCache) Set(k key, value []byte)  { o.c.Set(k.string, value) }
