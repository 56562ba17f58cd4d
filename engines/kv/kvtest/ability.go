package kvtest

import (
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

var abilityCases = []Case{
	{"Abilities", testAbilities},
	{"AbilitiesOnEmpty", testAbilitiesOnEmpty},
}

// abilities returns the optional methods that e has, by name.
func abilities(e kv.Engine) map[string]func() error {
	found := map[string]func() error{}
	if f, ok := e.(kv.Flusher); ok {
		found["Flush"] = f.Flush
	}
	if c, ok := e.(kv.Compacter); ok {
		found["Compact"] = c.Compact
	}
	if v, ok := e.(kv.Verifier); ok {
		found["Verify"] = v.Verify
	}
	return found
}

// testAbilities: no ability changes what any reader sees, and each leaves the
// store writable.
func testAbilities(t testing.TB, h Harness) {
	s := newStore(t, h)
	old := fill(s, 50)
	snap := s.snapshot()
	it := s.Scan(nil, nil)
	want := make([]pair, 0, len(old))
	for i, p := range old {
		if i%3 == 0 {
			s.delete(p.key)
			continue
		}
		p.value = "new"
		s.set(p.key, p.value)
		want = append(want, p)
	}
	for round := range 2 {
		for name, ability := range abilities(s.Engine) {
			if err := ability(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s.wantScan(s, nil, nil, want)
			s.wantScan(snap, nil, nil, old)
			s.wantRest(it, it.First(), old)
			p := pair{fmt.Sprintf("z%d%s", round, name), name}
			s.set(p.key, p.value)
			s.want(s, p.key, p.value)
			s.delete(p.key)
		}
	}
	if m, ok := s.Engine.(kv.Metricer); ok {
		checkMetrics(t, m.Metrics())
	}
	s.closeIter(it)
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
}

func testAbilitiesOnEmpty(t testing.TB, h Harness) {
	s := newStore(t, h)
	for name, ability := range abilities(s.Engine) {
		if err := ability(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	s.wantScan(s, nil, nil, nil)
}

func checkMetrics(t testing.TB, m kv.Metrics) {
	t.Helper()
	counters := map[string]int64{
		"UserBytes": m.UserBytes, "WALBytes": m.WALBytes, "FlushBytes": m.FlushBytes,
		"CompactionReadBytes": m.CompactionReadBytes, "CompactionWrittenBytes": m.CompactionWrittenBytes,
		"Flushes": m.Flushes, "Compactions": m.Compactions, "MemTableBytes": m.MemTableBytes,
		"DiskBytes": m.DiskBytes, "CacheHits": m.CacheHits, "CacheMisses": m.CacheMisses,
	}
	for name, n := range counters {
		if n < 0 {
			t.Errorf("metric %s is %d", name, n)
		}
	}
}
