package lsm

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

// perKey is how many versions a key has in tables: at the end, when no work is left, and
// at most at any moment at which that was looked at.
type perKey struct{ end, most float64 }

// overwriteBeside writes n values of 100 bytes to keys in random order and returns the versions of a
// key, while a snapshot is open that saw each key's first value, or none is.
func overwriteBeside(t testing.TB, db *DB, keys, n int, reader bool, rng *rand.Rand) (v perKey) {
	t.Helper()
	var b kv.Batch
	value := make([]byte, 100)
	write := func(key int) {
		b.Reset()
		b.Set(binary.BigEndian.AppendUint64(nil, uint64(key)), value)
		check(t, db.Apply(&b, kv.Buffered))
	}
	for key := range keys {
		write(key)
	}
	if reader {
		s, err := db.Snapshot()
		check(t, err)
		defer func() { check(t, s.Close()) }()
	}
	now := func() float64 { return float64(versions(db)) / float64(keys) }
	for i := range n {
		write(rng.IntN(keys))
		if i%1024 == 0 {
			v.most = max(v.most, now())
		}
	}
	check(t, db.Flush())
	check(t, db.Settle())
	v.end = now()
	v.most = max(v.most, v.end)
	return v
}

// mostMoreVersions is how many versions of a key more may be kept for one reader.
const mostMoreVersions = 2

// TestLongReaderCost: one reader that stays open beside overwrites keeps at most 2 versions of a key
// more than there are without it. A collector that goes by the oldest reader alone keeps all.
func TestLongReaderCost(t *testing.T) {
	seed := testseed.New(t)
	run := func(reader bool) perKey {
		return overwriteBeside(t, openTxns(t, func(o *Options) { o.Deterministic = true }), 100, 20_000, reader, rand.New(rand.NewPCG(seed, 1)))
	}
	without, with := run(false), run(true)
	if t.Logf("a key has %+v versions, beside a reader %+v", without, with); with.end > without.end+mostMoreVersions {
		t.Errorf("a key has %.2f versions beside a reader, %.2f without it", with.end, without.end)
	}
}

// BenchmarkLongReader measures the same at full size:
//
//	go test ./engines/lsm -run '^$' -bench LongReader -benchtime 20000000x
func BenchmarkLongReader(b *testing.B) {
	for _, reader := range []bool{false, true} {
		name := "none"
		if reader {
			name = "one"
		}
		b.Run(name, func(b *testing.B) {
			db, err := Open(b.TempDir(), Options{})
			check(b, err)
			v := overwriteBeside(b, db, 1000, b.N, reader, rand.New(rand.NewPCG(1, 1)))
			b.ReportMetric(v.end, "versions/key")
			b.ReportMetric(v.most, "most-versions/key")
			check(b, db.Close())
		})
	}
}
