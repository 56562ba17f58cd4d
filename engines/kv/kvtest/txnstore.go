package kvtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"lsmlab/engines/kv"
)

// txn is an open transaction under test.
type txn struct {
	kv.Txn
	s       *store
	level   kv.Isolation
	refused bool // a write was refused already: Commit must be
}

// levelsOf returns the isolation levels that e gives, weakest first.
func levelsOf(t testing.TB, e kv.Engine) (levels []kv.Isolation) {
	t.Helper()
	tr, ok := e.(kv.Transactor)
	if !ok {
		return nil
	}
	for _, level := range kv.Isolations() {
		switch x, err := tr.Begin(kv.TxnOptions{Isolation: level}); {
		case err == nil:
			x.Discard()
			levels = append(levels, level)
		case !errors.Is(err, kv.ErrUnsupported):
			t.Fatalf("begin, %v: %v", level, err)
		}
	}
	return levels
}

// Isolations returns the isolation levels that e gives, weakest first; none if it has no
// transactions.
func Isolations(t testing.TB, e kv.Engine) []kv.Isolation { return levelsOf(t, e) }

// eachLevel runs f on a fresh store for each isolation level that the engine gives and
// that is at least the least one. It skips the test, and says what is missing, if there is
// no such level.
func eachLevel(t testing.TB, h Harness, least kv.Isolation, f func(s *store, level kv.Isolation)) {
	t.Helper()
	s := newStore(t, h)
	levels := levelsOf(t, s.Engine)
	s.close()
	if len(levels) == 0 {
		t.Skip("the engine has no transactions: it is no kv.Transactor, or gives no level")
	}
	levels = slices.DeleteFunc(levels, func(level kv.Isolation) bool { return level < least })
	if len(levels) == 0 {
		t.Skipf("the engine gives no isolation level from %v on", least)
	}
	for _, level := range levels {
		s := newStore(labelled{t, level.String()}, h)
		f(s, level)
		s.close()
	}
}

// interleaved skips the test if one goroutine cannot interleave writers of the engine.
func interleaved(t testing.TB, h Harness) {
	t.Helper()
	if h.WritersWait {
		t.Skip("writers of the engine wait for each other: one goroutine cannot interleave them")
	}
}

// labelled says in each failure what the test was about.
type labelled struct {
	testing.TB
	label string
}

func (l labelled) Fatalf(format string, args ...any) {
	l.Helper()
	l.TB.Fatalf(l.label+": "+format, args...)
}

func (l labelled) Errorf(format string, args ...any) {
	l.Helper()
	l.TB.Errorf(l.label+": "+format, args...)
}

func (l labelled) Fatal(args ...any) {
	l.Helper()
	l.TB.Fatal(append([]any{l.label + ":"}, args...)...)
}

// try begins a transaction.
func (s *store) try(o kv.TxnOptions) (*txn, error) {
	x, err := s.Engine.(kv.Transactor).Begin(o)
	if err != nil {
		return nil, err
	}
	return &txn{Txn: x, s: s, level: o.Isolation}, nil
}

func (s *store) begin(level kv.Isolation) *txn {
	s.Helper()
	return s.beginWith(kv.TxnOptions{Isolation: level})
}

func (s *store) beginWith(o kv.TxnOptions) *txn {
	s.Helper()
	x, err := s.try(o)
	if err != nil {
		s.Fatalf("begin %+v: %v", o, err)
	}
	s.Cleanup(x.Discard) // of one that a failed case leaves open
	return x
}

func (x *txn) set(key, value string) {
	x.s.Helper()
	x.wrote(x.Set([]byte(key), []byte(value)))
}

func (x *txn) delete(key string) {
	x.s.Helper()
	x.wrote(x.Delete([]byte(key)))
}

func (x *txn) wrote(err error) {
	x.s.Helper()
	if errors.Is(err, kv.ErrConflict) {
		x.refused = true
	} else if err != nil {
		x.s.Fatalf("write of a transaction: %v", err)
	}
}

// get reads a key, there or not.
func (x *txn) get(key string) string {
	x.s.Helper()
	value, err := x.Get(nil, []byte(key))
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		x.s.Fatalf("get %s of a transaction: %v", show(key), err)
	}
	return string(value)
}

// walk reads all of [lower, upper).
func (x *txn) walk(lower, upper []byte) (all []pair) {
	x.s.Helper()
	it := x.Scan(lower, upper)
	for ok := it.First(); ok; ok = it.Next() {
		all = append(all, pair{string(it.Key()), string(it.Value())})
	}
	x.s.closeIter(it)
	return all
}

// commit commits at the store's level.
func (x *txn) commit() {
	x.s.Helper()
	if err := x.Commit(x.s.durability); err != nil {
		x.s.Fatalf("commit: %v", err)
	}
}

// conflict checks that the commit is refused.
func (x *txn) conflict() {
	x.s.Helper()
	if err := x.Commit(x.s.durability); !errors.Is(err, kv.ErrConflict) {
		x.s.Fatalf("commit: %v; want %v", err, kv.ErrConflict)
	}
}

// wantEnded checks that x answers ErrClosed everywhere, and that Discard does nothing.
func (x *txn) wantEnded() {
	x.s.Helper()
	x.Discard()
	wantReaderClosed(x.s, x)
	for what, err := range map[string]error{
		"set": x.Set([]byte("k"), nil), "delete": x.Delete([]byte("k")), "commit": x.Commit(x.s.durability),
	} {
		if !errors.Is(err, kv.ErrClosed) {
			x.s.Fatalf("%s after the end: %v, want %v", what, err, kv.ErrClosed)
		}
	}
	x.Discard()
}

// flushAndCompact flushes and compacts, as far as the engine can.
func (s *store) flushAndCompact() {
	s.Helper()
	for _, name := range []string{"Flush", "Compact"} {
		if ability := abilities(s.Engine)[name]; ability != nil {
			if err := ability(); err != nil {
				s.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// pairs returns entries with those keys, all with one value.
func pairs(value string, keys ...string) (all []pair) {
	for _, key := range keys {
		all = append(all, pair{key, value})
	}
	return all
}

// setAll writes entries in one batch.
func (s *store) setAll(all []pair) {
	s.Helper()
	s.apply(s.durability, func(b *kv.Batch) {
		for _, p := range all {
			b.Set([]byte(p.key), []byte(p.value))
		}
	})
}

// numbered returns n keys, in order.
func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%05d", i)
	}
	return keys
}
