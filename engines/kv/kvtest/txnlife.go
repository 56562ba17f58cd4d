package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

var txnLifeCases = []Case{
	{"TxnEnded", testTxnEnded},
	{"TxnTooLarge", testTxnTooLarge},
	{"TxnLarge", testTxnLarge},
	{"TxnDurability", testTxnDurability},
	{"TxnAcrossFlush", testTxnAcrossFlush},
	{"TxnCloseUnder", testTxnCloseUnder},
}

// testTxnEnded: after the end, whichever it was, every method but Discard answers
// ErrClosed, and nothing of what was dropped is there.
func testTxnEnded(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		for _, readOnly := range []bool{false, true} {
			for _, end := range []func(x *txn){(*txn).commit, func(x *txn) { x.Discard() }, (*txn).badCommit} {
				x := s.beginWith(kv.TxnOptions{Isolation: level, ReadOnly: readOnly})
				end(x)
				x.wantEnded()
			}
		}
		x := s.begin(level)
		x.set("k", "dropped")
		x.badCommit()
		x.wantEnded()
		s.wantMissing(s, "k")
		x = s.begin(level) // nothing is held by those that ended
		x.set("k", "1")
		x.commit()
		s.want(s, "k", "1")
	})
}

// badCommit asks for a durability level that does not exist, which ends x.
func (x *txn) badCommit() {
	x.s.Helper()
	if err := x.Commit(kv.Synced + 1); !errors.Is(err, kv.ErrUnsupported) {
		x.s.Fatalf("commit, %v: %v, want %v", kv.Synced+1, err, kv.ErrUnsupported)
	}
}

// testTxnTooLarge: what a batch would refuse is refused at once, and the transaction goes
// on without it.
func testTxnTooLarge(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		x := s.begin(level)
		x.set("k", "1")
		for what, err := range map[string]error{
			"key":         x.Set(make([]byte, kv.MaxKeySize+1), nil),
			"value":       x.Set([]byte("v"), make([]byte, kv.MaxValueSize+1)),
			"deleted key": x.Delete(make([]byte, kv.MaxKeySize+1)),
		} {
			if !errors.Is(err, kv.ErrTooLarge) {
				s.Fatalf("oversized %s: %v, want %v", what, err, kv.ErrTooLarge)
			}
		}
		s.wantScan(x, nil, nil, []pair{{"k", "1"}})
		x.commit()
		s.wantScan(s, nil, nil, []pair{{"k", "1"}})
	})
}

// testTxnLarge commits a transaction that is larger than some engines buffer. One whose
// limit is lower refuses it, as a whole.
func testTxnLarge(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		s.set("old", "1")
		x := s.begin(level)
		x.delete("old")
		var want []pair
		var err error
		size := 0
		for i := 0; i < 160 && err == nil; i++ {
			p := pair{fmt.Sprintf("%03d", i), string(pattern(i, 64<<10))}
			err = x.Set([]byte(p.key), []byte(p.value))
			size += len(p.key) + len(p.value)
			want = append(want, p)
		}
		if err == nil {
			s.wantScan(x, []byte("100"), []byte("110"), want[100:110])
			err = x.Commit(s.safe)
		}
		x.Discard()
		switch limit := h.MaxBatchSize; {
		case limit > 0 && size > limit:
			if !errors.Is(err, kv.ErrTooLarge) {
				s.Fatalf("transaction of %d bytes, over the engine's limit: %v, want %v", size, err, kv.ErrTooLarge)
			}
			want = []pair{{"old", "1"}}
		case err != nil:
			s.Fatalf("transaction of %d bytes: %v", size, err)
		}
		s.wantScan(s, nil, nil, want)
		s.barrier()
		s.reopen()
		s.wantScan(s, nil, nil, want)
	})
}

// testTxnDurability: a transaction commits at the levels that a batch does, and is
// refused at the others with nothing applied.
func testTxnDurability(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		given := map[kv.Durability]bool{}
		for _, d := range Durabilities(s, s.Engine) {
			given[d] = true
		}
		var want []pair
		for round := range 3 {
			for d := kv.Volatile; d <= kv.Synced+1; d++ {
				p := pair{fmt.Sprintf("%d-%d", round, uint8(d)), d.String()}
				x := s.begin(level)
				x.set(p.key, p.value)
				switch err := x.Commit(d); {
				case (err == nil) != given[d] || err != nil && !errors.Is(err, kv.ErrUnsupported):
					s.Fatalf("commit, %v: %v; a batch is given it: %v", d, err, given[d])
				case err == nil:
					want = append(want, p)
				}
				s.wantScan(s, nil, nil, want)
			}
			s.barrier()
			s.reopen()
			s.wantScan(s, nil, nil, want)
		}
	})
}

// testTxnAcrossFlush keeps transactions open while what they read is overwritten, flushed
// and compacted many times over.
func testTxnAcrossFlush(t testing.TB, h Harness) {
	interleaved(t, h)
	eachLevel(t, h, kv.SnapshotIsolation, func(s *store, level kv.Isolation) {
		keys := numbered(200)
		s.setAll(pairs("old", keys...))
		want := pairs("old", keys...)
		reader, loser, winner := s.begin(level), s.begin(level), s.begin(level)
		loser.get(keys[7])
		loser.set(keys[7], "own")
		winner.set("own", "own")
		for round := range 6 {
			s.setAll(pairs(string(pattern(round, 500)), keys...))
			s.flushAndCompact()
			s.wantScan(reader, nil, nil, want)
		}
		reader.Discard()
		loser.conflict()
		if err := winner.Commit(s.durability); err != nil && (h.FalseConflicts == "" || !errors.Is(err, kv.ErrConflict)) {
			s.Fatalf("commit of a key that nobody else wrote: %v", err)
		}
		if got, err := s.Get(nil, []byte(keys[7])); err != nil || !bytes.Equal(got, pattern(5, 500)) {
			s.Fatalf("get: %d bytes, %v", len(got), err)
		}
	})
}

// testTxnCloseUnder closes the engine below open transactions: they answer ErrClosed
// from then on, leave nothing, and once they are discarded the store opens again.
func testTxnCloseUnder(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		all := fill(s, 10)
		s.barrier()
		writer, reader := s.begin(level), s.beginWith(kv.TxnOptions{Isolation: level, ReadOnly: true})
		writer.set("k", "dropped")
		fresh, moved := reader.Scan(nil, nil), writer.Scan(nil, nil)
		if !moved.First() {
			s.Fatal("no entry")
		}
		if err := s.Engine.Close(); err != nil {
			s.Fatalf("close: %v", err)
		}
		if _, err := s.try(kv.TxnOptions{Isolation: level}); !errors.Is(err, kv.ErrClosed) {
			s.Fatalf("begin after close: %v", err)
		}
		wantIterClosed(s, fresh)
		wantIterClosed(s, moved)
		for _, x := range []*txn{writer, reader} {
			wantReaderClosed(s, x)
			if err := x.Commit(s.durability); !errors.Is(err, kv.ErrClosed) {
				s.Fatalf("commit after close: %v", err)
			}
			x.Discard()
		}
		s.open()
		s.wantScan(s, nil, nil, all)
	})
}
