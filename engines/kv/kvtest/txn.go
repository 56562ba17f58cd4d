package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"lsmlab/engines/kv"
)

var txnCases = []Case{
	{"TxnLevels", testTxnLevels},
	{"TxnOwnWrites", testTxnOwnWrites},
	{"TxnIterators", testTxnIterators},
	{"TxnOneState", testTxnOneState},
	{"TxnReadCommitted", testTxnReadCommitted},
	{"TxnReadOnly", testTxnReadOnly},
	{"TxnArgumentsAreCopied", testTxnArgumentsAreCopied},
	{"TxnAwkwardKeys", testTxnAwkwardKeys},
	{"TxnLSN", testTxnLSN},
}

// testTxnLevels: each level is given or refused, to transactions that write and to those
// that only read alike. What is no level is refused.
func testTxnLevels(t testing.TB, h Harness) {
	s := newStore(t, h)
	levels := levelsOf(t, s.Engine)
	if len(levels) == 0 {
		t.Skip("the engine has no transactions: it is no kv.Transactor, or gives no level")
	}
	for level := kv.ReadCommitted - 1; level <= kv.Serializable+1; level++ {
		for _, readOnly := range []bool{false, true} {
			x, err := s.try(kv.TxnOptions{Isolation: level, ReadOnly: readOnly})
			if err == nil {
				x.Discard()
			}
			want := slices.Contains(levels, level)
			if (err == nil) != want || err != nil && !errors.Is(err, kv.ErrUnsupported) {
				t.Fatalf("begin, %v, read-only %v: %v; the engine gives %v", level, readOnly, err, levels)
			}
		}
	}
}

// testTxnOwnWrites: a transaction reads its own writes over what is stored, nobody else
// does before the commit, and all do after.
func testTxnOwnWrites(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		old := fill(s, 20)
		x := s.begin(level)
		x.set("05", "new")
		x.set("05x", "added")
		x.delete("07")
		x.delete("never")
		x.set("08", "twice")
		x.set("08", "")
		x.delete("09")
		x.set("09", "back")
		x.set("10x", "gone")
		x.delete("10x")
		x.delete("00")
		x.delete("19")
		x.set("", "empty")
		x.set("z", "last")
		want := []pair{
			{"", "empty"},
			{"01", "v1"},
			{"02", "v2"},
			{"03", "v3"},
			{"04", "v4"},
			{"05", "new"},
			{"05x", "added"},
			{"06", "v6"},
			{"08", ""},
			{"09", "back"},
			{"10", "v10"},
			{"11", "v11"},
			{"12", "v12"},
			{"13", "v13"},
			{"14", "v14"},
			{"15", "v15"},
			{"16", "v16"},
			{"17", "v17"},
			{"18", "v18"},
			{"z", "last"},
		}
		check := func(r kv.Reader) {
			s.Helper()
			s.wantScan(r, nil, nil, want)
			s.wantScan(r, []byte("05"), []byte("09"), want[5:9])
			s.wantScan(r, []byte("05a"), []byte("08"), want[6:8])
			s.wantScan(r, []byte("07"), []byte("08"), nil)
			s.wantScan(r, []byte("19"), nil, want[19:])
			s.wantScan(r, nil, []byte("01"), want[:1])
			for _, p := range want {
				s.want(r, p.key, p.value)
			}
			for _, key := range []string{"00", "07", "19", "10x", "never"} {
				s.wantMissing(r, key)
			}
		}
		check(x)
		if got, err := x.Get([]byte("dst"), []byte("05")); err != nil || string(got) != "dstnew" {
			s.Fatalf("get of an own write: %q, %v", got, err)
		}
		snap := s.snapshot()
		s.wantScan(s, nil, nil, old)
		s.wantScan(snap, nil, nil, old)
		x.commit()
		check(s)
		s.wantScan(snap, nil, nil, old)
		if err := snap.Close(); err != nil {
			s.Fatal(err)
		}
	})
}

// testTxnIterators: an iterator of a transaction sees the writes made before the call of
// Scan and none made later; several can be open at a time.
func testTxnIterators(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		all := fill(s, 10)
		x := s.begin(level)
		before := x.Scan(nil, nil)
		x.set("03", "own")
		x.delete("04")
		between := x.Scan([]byte("02"), []byte("07"))
		x.set("03", "later")
		x.delete("05")
		x.set("055", "later")
		after := x.Scan(nil, nil)
		want := []pair{all[2], {"03", "own"}, all[5], all[6]}
		now := slices.Concat(all[:3], []pair{{"03", "later"}, {"055", "later"}}, all[6:])
		for range 2 {
			s.wantRest(between, between.First(), want)
			s.wantRest(before, before.First(), all)
			s.wantRest(after, after.First(), now)
		}
		s.wantRest(between, between.SeekGE([]byte("04")), want[2:])
		s.wantRest(between, between.SeekGE([]byte("03")), want[1:])
		s.wantRest(between, between.SeekGE(nil), want)
		s.wantRest(between, between.SeekGE([]byte("07")), nil)
		s.wantRest(after, after.SeekGE([]byte("05")), now[4:])
		between.SeekGE([]byte("05"))
		for i := range 4 { // in turns
			if i > 0 && !before.Next() || i == 0 && !before.First() || string(before.Key()) != all[i].key {
				s.Fatalf("step %d of an iterator that another moved beside: %q", i, before.Key())
			}
			if !after.SeekGE([]byte(now[i].key)) || string(after.Key()) != now[i].key {
				s.Fatalf("seek to %q stands at %q", now[i].key, after.Key())
			}
		}
		if string(between.Key()) != "05" || string(between.Value()) != all[5].value {
			s.Fatalf("an iterator moved to %q = %q by itself", between.Key(), between.Value())
		}
		for _, it := range []kv.Iterator{before, between, after} {
			s.closeIter(it)
		}
		x.commit()
		s.wantScan(s, nil, nil, now)
	})
}

// testTxnOneState: from snapshot isolation on all reads see the state of Begin, whatever
// others commit or apply meanwhile.
func testTxnOneState(t testing.TB, h Harness) {
	eachLevel(t, h, kv.SnapshotIsolation, func(s *store, level kv.Isolation) {
		all := fill(s, 30)
		open := []*txn{s.beginWith(kv.TxnOptions{Isolation: level, ReadOnly: true})}
		if !h.WritersWait {
			open = append(open, s.begin(level))
		}
		for i, p := range all {
			switch i % 3 {
			case 0:
				s.delete(p.key)
			case 1:
				s.set(p.key, "plain")
			case 2:
				other := s.begin(level)
				other.set(p.key, "other")
				other.set(p.key+"+", "other")
				other.commit()
			}
			if i == 15 {
				s.flushAndCompact()
			}
		}
		late := s.beginWith(kv.TxnOptions{Isolation: level, ReadOnly: true})
		for _, x := range open {
			s.wantScan(x, nil, nil, all)
			s.wantScan(x, []byte("10"), []byte("20"), all[10:20])
			for _, p := range all {
				s.want(x, p.key, p.value)
				s.wantMissing(x, p.key+"+")
			}
			x.commit() // it wrote nothing
		}
		s.wantMissing(late, "00")
		s.want(late, "01", "plain")
		s.want(late, "02+", "other")
		late.Discard()
	})
}

// testTxnReadCommitted: at every level a read sees nothing that is not committed, and a
// scan sees one state.
func testTxnReadCommitted(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		all := fill(s, 10)
		writer, reader := s.begin(level), s.beginWith(kv.TxnOptions{Isolation: level, ReadOnly: true})
		writer.set("03", "dirty")
		writer.delete("04")
		writer.set("x", "dirty")
		s.wantScan(reader, nil, nil, all)
		s.want(reader, "03", "v3")
		s.wantMissing(reader, "x")
		it := reader.Scan(nil, nil)
		writer.commit()
		s.wantRest(it, it.First(), all)
		s.closeIter(it)
		value := reader.get("03")
		switch it := reader.Scan([]byte("x"), nil); {
		case value != "v3" && (level != kv.ReadCommitted || value != "dirty"):
			s.Fatalf("get after the commit: %q", value)
		case it.First() != (value == "dirty"):
			s.Fatal("two reads at rest see two states")
		default:
			s.closeIter(it)
		}
		reader.commit()
		dropped := s.begin(level)
		dropped.set("05", "dropped")
		dropped.delete("06")
		dropped.Discard()
		dropped.wantEnded()
		s.want(s, "05", "v5")
		s.want(s, "06", "v6")
	})
}

// testTxnReadOnly: a transaction that promised to write nothing is held to it, and never
// meets a conflict.
func testTxnReadOnly(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		all := fill(s, 10)
		x := s.beginWith(kv.TxnOptions{Isolation: level, ReadOnly: true})
		for what, err := range map[string]error{"set": x.Set([]byte("k"), nil), "delete": x.Delete([]byte("03"))} {
			if !errors.Is(err, kv.ErrUnsupported) {
				s.Fatalf("%s: %v, want %v", what, err, kv.ErrUnsupported)
			}
		}
		s.wantMissing(x, "k")
		s.wantScan(x, nil, nil, all)
		for _, p := range all {
			s.set(p.key, "changed")
		}
		s.set("new", "")
		x.commit()
		x.wantEnded()
		s.wantMissing(s, "k")
	})
}

// testTxnArgumentsAreCopied changes every slice that it passed, right after.
func testTxnArgumentsAreCopied(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		x := s.begin(level)
		key, value := []byte("key-0"), []byte("value-0")
		for i := range byte(10) {
			key[4], value[6] = '0'+i, '0'+i
			x.wrote(x.Set(key, value))
			clear(value)
			copy(value, "value-")
		}
		gone := bytes.Clone(key)
		x.wrote(x.Delete(gone))
		clear(gone)
		clear(key)
		var want []pair
		for i := range 9 {
			want = append(want, pair{fmt.Sprintf("key-%d", i), fmt.Sprintf("value-%d", i)})
		}
		s.wantScan(x, nil, nil, want)
		got, err := x.Get(nil, []byte("key-3"))
		if err != nil {
			s.Fatal(err)
		}
		clear(got) // the result belongs to the caller
		x.commit()
		s.wantScan(s, nil, nil, want)
	})
}

// testTxnAwkwardKeys has a transaction read, write and delete keys that engines stumble
// over.
func testTxnAwkwardKeys(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		keys := awkwardKeys(true)
		var stored []pair
		for i, key := range keys {
			if i%2 == 0 {
				stored = append(stored, pair{key, "stored"})
			}
		}
		s.setAll(stored)
		x := s.begin(level)
		var want []pair
		for i, key := range keys {
			switch i % 4 {
			case 0:
				want = append(want, pair{key, "stored"})
			case 1:
				x.set(key, "own")
				want = append(want, pair{key, "own"})
			case 2:
				x.delete(key)
			}
		}
		for range 2 {
			s.wantScan(x, nil, nil, want)
			for i, p := range want {
				s.want(x, p.key, p.value)
				if i%5 == 0 {
					s.wantScan(x, []byte(p.key), nil, want[i:])
					s.wantScan(x, nil, []byte(p.key), want[:i])
				}
			}
		}
		s.wantScan(s, nil, nil, stored)
		x.commit()
		s.wantScan(s, nil, nil, want)
	})
}

// testTxnLSN: where an engine tells LSNs, those of transactions agree with those of the
// engine.
func testTxnLSN(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		e, ok := s.Engine.(kv.LSNReporter)
		x := s.begin(level)
		at, okTxn := x.Txn.(kv.LSNTxn)
		if !ok || !okTxn {
			s.Skip("the engine does not tell LSNs: kv.LSNReporter, kv.LSNTxn")
		}
		x.set("a", "1")
		x.set("b", "1")
		x.commit()
		if at.ReadLSN() >= at.CommitLSN() || at.CommitLSN() != e.LSN() {
			s.Fatalf("reads LSN %d, committed %d, the engine is at %d", at.ReadLSN(), at.CommitLSN(), e.LSN())
		}
		first := at.CommitLSN()
		x = s.begin(level)
		if at = x.Txn.(kv.LSNTxn); at.ReadLSN() != first {
			s.Fatalf("begun after LSN %d, it reads %d", first, at.ReadLSN())
		}
		x.commit()
		dropped := s.begin(level)
		dropped.set("a", "2")
		dropped.Discard()
		for what, lsn := range map[string]uint64{
			"of a transaction without writes": at.CommitLSN(), "of one discarded": dropped.Txn.(kv.LSNTxn).CommitLSN(),
		} {
			if lsn != 0 {
				s.Fatalf("LSN of the commit %s: %d", what, lsn)
			}
		}
		if e.LSN() != first {
			s.Fatalf("the engine went from LSN %d to %d without a write", first, e.LSN())
		}
	})
}
