package mvccgc

import (
	"context"
	"errors"
	"testing"
	"time"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness/micro"
	"lsmlab/harness/micro/microtest"
)

func TestKind(t *testing.T) { microtest.Run(t, Kind(), 100) }

// open returns a small store of a contender.
func open(t *testing.T, engine string) *store {
	t.Helper()
	j := Kind().Complete(micro.Job{Keys: 100, Dir: t.TempDir()})
	s, err := openStore(context.Background(), engine, engines.Options{MemTableSize: memTableSize}, j)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReclaim: space is given back once nobody is left who reads. A reader that crashed holds
// its state for ever, unless the policy cuts it.
func TestReclaim(t *testing.T) {
	for _, tc := range []struct {
		engine    string
		readers   work
		limit     time.Duration
		reclaimed bool
	}{
		{"lsm-bptree", work{}, time.Minute, true},
		{"lsm-bptree", work{readers: 3}, time.Minute, true},
		{"lsm-bptree+gc=window:50ms", work{readers: 3}, time.Minute, true},
		{"lsm-bptree", work{readers: 1, crashed: true}, 100 * time.Millisecond, false},
		{"lsm-bptree+gc=window:50ms", work{readers: 1, crashed: true}, 100 * time.Millisecond, false},
		{"lsm-bptree+gc=mixed:5ms", work{readers: 1, crashed: true}, time.Minute, true},
	} {
		s := open(t, tc.engine)
		r, err := s.startReaders(tc.readers, 1)
		if err != nil {
			t.Fatal(err)
		}
		delay, err := s.reclaim(r, tc.limit)
		if got := delay < tc.limit; err != nil || got != tc.reclaimed {
			t.Errorf("%s, %d readers, crashed %v: reclaimed %v after %v, %v", tc.engine, tc.readers.readers, tc.readers.crashed, got, delay, err)
		}
		r.end()
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestVersions: after a compaction there are no more versions than readers need: one of each key,
// and one more for those that all read one state.
func TestVersions(t *testing.T) {
	for readers, least := range []int{100, 200, 200} {
		s := open(t, "lsm-bptree")
		r, err := s.startReaders(work{readers: readers}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.overwriteAll(), s.overwriteAll(), s.engine.Compact()); err != nil {
			t.Fatal(err)
		}
		kept, err := s.versions()
		if got := s.history.least(r.pins()); err != nil || got != least || kept != float64(least) {
			t.Errorf("%d readers: %v versions, %d at least, want %d: %v", readers, kept, got, least, err)
		}
		r.end()
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// newestOnly is an engine whose readers are all told of the newest state.
type newestOnly struct{ engine }

func (n newestOnly) Begin(o kv.TxnOptions) (kv.Txn, error) {
	tx, err := n.engine.Begin(o)
	return newestView{tx, tx.(kv.LSNTxn), n.engine}, err
}

type newestView struct {
	kv.Txn
	kv.LSNTxn
	newest kv.Reader
}

func (v newestView) Get(dst, key []byte) ([]byte, error) { return v.newest.Get(dst, key) }

// An answer from another state than was asked for counts as wrong.
func TestWrongReadIsFound(t *testing.T) {
	s := open(t, "lsm-bptree")
	s.engine = newestOnly{s.engine}
	r, err := s.startReaders(work{readers: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	one := r.all[0]
	for want := range 2 {
		if err := one.get(one.view, one.lsn); err != nil {
			t.Fatal(err)
		}
		answers, _ := r.answers()
		if got := s.history.wrong(answers); got != want {
			t.Errorf("%d wrong answers, want %d", got, want)
		}
		if err := s.overwriteAll(); err != nil {
			t.Fatal(err)
		}
	}
	r.end()
	if err := errors.Join(r.stop(), s.close()); err != nil {
		t.Fatal(err)
	}
}
