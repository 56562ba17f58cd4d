package lsm

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/memtable/variants"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// rangeModel compares a store with a map, and views of its past with copies of that.
type rangeModel struct {
	*testing.T
	rng   *rand.Rand
	o     Options
	db    *DB
	now   map[string]string
	views []rangeView
	past  map[uint64]map[string]string // by LSN, since the store was opened
	n     int
}

type rangeView struct {
	kv.Snapshot
	want map[string]string
}

const rangeKeys = 300

func rangeKey(i int) []byte { return fmt.Appendf(nil, "key%03d", i) }

// TestRangeDeletesModel does random things to a store with small tables, in all ways to
// merge and to keep the past.
func TestRangeDeletesModel(t *testing.T) {
	policies := map[string]gc.Policy{
		"refs": {}, "window": {Window: time.Hour}, "short window": {Window: time.Microsecond * 200},
		"mixed": {Window: time.Microsecond * 100, PinAge: time.Hour},
	}
	rounds := 600
	if testing.Short() {
		rounds = 200
	}
	for _, style := range []CompactionStyle{Leveled, Tiered, FIFO} {
		for name, policy := range policies {
			t.Run(fmt.Sprint(style, "/", name), func(t *testing.T) {
				rng := testseed.Rand(t)
				all := variants.All()
				o := Options{MemTable: all[rng.IntN(len(all))].New, Compaction: style, GC: policy, FS: vfs.NewMem(), Deterministic: rng.IntN(2) == 0}
				o = o.Small()
				m := &rangeModel{T: t, rng: rng, o: o, now: map[string]string{}}
				m.open()
				for range rounds {
					m.step()
				}
				m.closeViews()
				m.try(m.db.Compact(), m.db.Verify())
				m.check(m.db, m.now, "at the end")
				m.try(m.db.Close())
			})
		}
	}
}

func (m *rangeModel) try(errs ...error) {
	m.Helper()
	if err := errors.Join(errs...); err != nil {
		m.Fatal(err)
	}
}

func (m *rangeModel) open() {
	db, err := Open("/db", m.o)
	m.try(err)
	m.db, m.past = db, map[uint64]map[string]string{}
}

func (m *rangeModel) step() {
	switch n := m.rng.IntN(100); {
	case n < 50:
		m.write()
	case n < 58:
		m.try(m.db.Flush())
	case n < 61:
		m.try(m.db.Settle())
		m.checkSwept()
	case n < 62:
		m.try(m.db.Compact())
		m.checkSwept()
	case n < 70:
		s, err := m.db.Snapshot()
		m.try(err)
		m.views = append(m.views, rangeView{s, maps.Clone(m.now)})
	case n < 76 && len(m.views) > 0:
		i := m.rng.IntN(len(m.views))
		m.check(m.views[i].Snapshot, m.views[i].want, "a snapshot")
		m.try(m.views[i].Close())
		m.views = slices.Delete(m.views, i, i+1)
	case n < 80:
		m.readPast()
	case n < 82:
		m.reopen()
	default:
		m.check(m.db, m.now, "now")
	}
}

func (m *rangeModel) reopen() {
	m.closeViews()
	m.try(m.db.Close())
	m.open()
	m.check(m.db, m.now, "after opening")
}

func (m *rangeModel) closeViews() {
	for _, v := range m.views {
		m.check(v.Snapshot, v.want, "a snapshot")
		m.try(v.Close())
	}
	m.views = nil
}

func (m *rangeModel) write() {
	var b kv.Batch
	for range 1 + m.rng.IntN(12) {
		m.n++
		key := rangeKey(m.rng.IntN(rangeKeys))
		switch n := m.rng.IntN(20); {
		case n < 3:
			m.deleteRange(&b)
		case n < 6:
			b.Delete(key)
			delete(m.now, string(key))
		default:
			value := fmt.Appendf(nil, "%d %0*d", m.n, m.rng.IntN(120), 0)
			b.Set(key, value)
			m.now[string(key)] = string(value)
		}
	}
	lsn, err := m.db.ApplyLSN(&b, kv.Buffered)
	m.try(err)
	m.past[lsn] = maps.Clone(m.now)
}

func (m *rangeModel) deleteRange(b *kv.Batch) {
	from := m.rng.IntN(rangeKeys)
	lower, upper := rangeKey(from), rangeKey(from+1+m.rng.IntN(1+m.rng.IntN(120)))
	switch m.rng.IntN(40) {
	case 0:
		lower = nil
	case 1:
		upper = nil
	}
	b.DeleteRange(lower, upper)
	maps.DeleteFunc(m.now, func(key, _ string) bool { return key >= string(lower) && (upper == nil || key < string(upper)) })
}

// checkSwept compares what tables say that they are swept up to with their versions.
func (m *rangeModel) checkSwept() {
	m.Helper()
	s, _ := m.db.acquire()
	defer s.release()
	for _, run := range s.runs {
		for _, t := range run {
			l := levelIter{tables: []*table{t}}
			for ok := l.First(); ok; ok = l.Next() {
				k := l.Key()
				f := s.version.Ranges.At(k.User)
				if cover := f.Above(k.Trailer.Seq()); cover > 0 && cover <= t.Swept {
					m.Fatalf("table %d is swept up to LSN %d, and holds %v, which LSN %d hides", t.ID, t.Swept, k, cover)
				}
			}
			m.try(l.Close())
		}
	}
}

// readPast reads one of the states since the opening, if it is there.
func (m *rangeModel) readPast() {
	lsns := slices.Collect(maps.Keys(m.past))
	if len(lsns) == 0 {
		return
	}
	lsn := lsns[m.rng.IntN(len(lsns))]
	s, err := m.db.SnapshotAt(lsn)
	if errors.Is(err, kv.ErrSnapshotTooOld) {
		return
	}
	m.try(err)
	m.check(s, m.past[lsn], "the past")
	m.views = append(m.views, rangeView{s, m.past[lsn]})
}

// check reads r in all ways.
func (m *rangeModel) check(r kv.Reader, want map[string]string, what string) {
	m.Helper()
	keys := slices.Sorted(maps.Keys(want))
	var got, down []string
	it := r.Scan(nil, nil)
	for it.Next() {
		got = append(got, string(it.Key()))
		if want[string(it.Key())] != string(it.Value()) {
			m.Fatalf("%s: %q has %q, want %q", what, it.Key(), it.Value(), want[string(it.Key())])
		}
	}
	m.try(it.Close())
	back := r.(kv.ReverseScanner).ScanReverse(nil, nil)
	for back.Prev() {
		down = append(down, string(back.Key()))
		if want[string(back.Key())] != string(back.Value()) {
			m.Fatalf("%s, downwards: %q has %q, want %q", what, back.Key(), back.Value(), want[string(back.Key())])
		}
	}
	m.try(back.Close())
	if slices.Reverse(down); !slices.Equal(got, keys) || !slices.Equal(down, keys) {
		m.Fatalf("%s: up   %v\ndown %v\nwant %v", what, got, down, keys)
	}
	for range 20 {
		key := rangeKey(m.rng.IntN(rangeKeys))
		value, err := r.Get(nil, key)
		if errors.Is(err, kv.ErrNotFound) {
			err = nil
		}
		m.try(err)
		if want[string(key)] != string(value) {
			m.Fatalf("%s: %q is %q, want %q", what, key, value, want[string(key)])
		}
	}
	m.checkSeeks(r, keys, what)
}

// checkSeeks seeks in a part of r, upwards and downwards.
func (m *rangeModel) checkSeeks(r kv.Reader, keys []string, what string) {
	lower := string(rangeKey(m.rng.IntN(rangeKeys)))
	upper := string(rangeKey(m.rng.IntN(rangeKeys)))
	part := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k < lower || k >= upper })
	it := r.Scan([]byte(lower), []byte(upper))
	back := r.(kv.ReverseScanner).ScanReverse([]byte(lower), []byte(upper))
	for range 5 {
		at := string(rangeKey(m.rng.IntN(rangeKeys)))
		i, _ := slices.BinarySearch(part, at)
		if ok := it.SeekGE([]byte(at)); ok != (i < len(part)) || ok && string(it.Key()) != part[i] {
			m.Fatalf("%s: seek of %q in %q..%q: %q, %v", what, at, lower, upper, it.Key(), ok)
		}
		if ok := back.SeekLT([]byte(at)); ok != (i > 0) || ok && string(back.Key()) != part[i-1] {
			m.Fatalf("%s: seek before %q in %q..%q: %q, %v", what, at, lower, upper, back.Key(), ok)
		}
	}
	m.try(it.Close(), back.Close())
}
