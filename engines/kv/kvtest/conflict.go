package kvtest

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"lsmlab/engines/kv"
)

var conflictCases = []Case{
	{"TxnWriteConflicts", judged(writeConflicts)},
	{"TxnReadConflicts", judged(readConflicts)},
	{"TxnScanConflicts", judged(scanConflicts)},
	{Phantoms, judged(phantoms)},
	{"TxnNoFalseConflicts", judged(falseConflicts)},
	{"TxnWriteSkew", testTxnWriteSkew},
	{"TxnWritersWait", testTxnWritersWait},
}

// Phantoms is the name of the case that an engine fails which compares keys that were
// returned, and not ranges that were scanned.
const Phantoms = "TxnPhantoms"

// scenario is a transaction and what another writer does before it commits. The store
// holds the keys a, c, e, g and i.
type scenario struct {
	name  string
	act   func(x *txn)
	other func(b *kv.Batch)
	clash clash
}

// clash says what the other writer did to the transaction.
type clash uint8

const (
	nothing  clash = iota // what it wrote, the transaction neither read nor wrote
	written               // it wrote what the transaction writes and has not read
	readOnly              // it wrote what the transaction read and does not write
	both                  // it wrote what the transaction read and writes
)

// verdict is what a level says of a commit.
type verdict uint8

const (
	passes verdict = iota
	refused
	either
)

// judge returns what the level says of a commit after a clash. Serializable asks for what
// was read alone, but an engine may give it and snapshot isolation together.
func (c clash) judge(level kv.Isolation) verdict {
	switch {
	case c == nothing || level == kv.ReadCommitted:
		return passes
	case level == kv.SnapshotIsolation && c == readOnly:
		return passes
	case level == kv.Serializable && c == written:
		return either
	}
	return refused
}

func setting(keys ...string) func(b *kv.Batch) {
	return func(b *kv.Batch) {
		for _, key := range keys {
			b.Set([]byte(key), []byte("other"))
		}
	}
}

func deleting(key string) func(b *kv.Batch) { return func(b *kv.Batch) { b.Delete([]byte(key)) } }

var writeConflicts = []scenario{
	{"set, set", func(x *txn) { x.set("c", "own") }, setting("c"), written},
	{"delete, set", func(x *txn) { x.delete("c") }, setting("c"), written},
	{"set, delete", func(x *txn) { x.set("c", "own") }, deleting("c"), written},
	{"delete, delete", func(x *txn) { x.delete("c") }, deleting("c"), written},
	{"new key", func(x *txn) { x.set("b", "own") }, setting("b"), written},
	{"absent key deleted", func(x *txn) { x.set("b", "own") }, deleting("b"), written},
	{"one of many", func(x *txn) {
		for _, key := range numbered(100) {
			x.set(key, "own")
		}
	}, setting("k00042"), written},
	{"many for one", func(x *txn) { x.set("k00042", "own") }, setting(numbered(100)...), written},
	{"own write read", func(x *txn) { x.set("c", "own"); x.get("c") }, setting("c"), written},
	{"read, then written", func(x *txn) { x.get("c"); x.set("c", "own") }, setting("c"), both},
	{"empty key", func(x *txn) { x.set("", "own") }, setting(""), written},
}

var readConflicts = []scenario{
	{"changed", func(x *txn) { x.get("c"); x.set("x", "own") }, setting("c"), readOnly},
	{"deleted", func(x *txn) { x.get("c"); x.set("x", "own") }, deleting("c"), readOnly},
	{"absent key written", func(x *txn) { x.get("b"); x.set("x", "own") }, setting("b"), readOnly},
	{"after the write", func(x *txn) { x.set("x", "own"); x.get("c") }, setting("c"), readOnly},
	{"one of many", func(x *txn) {
		for _, key := range numbered(100) {
			x.get(key)
		}
		x.set("x", "own")
	}, setting("k00042"), readOnly},
	{"changed, and written", func(x *txn) { x.get("c"); x.delete("c") }, setting("c"), both},
}

// reading returns an act that walks a range and writes elsewhere.
func reading(lower, upper string) func(x *txn) {
	return func(x *txn) {
		var to []byte
		if upper != "" {
			to = []byte(upper)
		}
		x.walk([]byte(lower), to)
		x.set("x", "own")
	}
}

var scanConflicts = []scenario{
	{"changed", reading("b", "f"), setting("c"), readOnly},
	{"last one changed", reading("b", "f"), setting("e"), readOnly},
	{"at the lower bound", reading("c", "f"), setting("c"), readOnly},
	{"deleted", reading("b", "f"), deleting("e"), readOnly},
	{"unbounded", reading("", ""), setting("a"), readOnly},
}

var phantoms = []scenario{
	{"inside", reading("b", "f"), setting("d"), readOnly},
	{"before the first", reading("b", "f"), setting("bb"), readOnly},
	{"at the lower bound", reading("b", "f"), setting("b"), readOnly},
	{"after the last", reading("b", "f"), setting("ee"), readOnly},
	{"in an empty range", reading("m", "p"), setting("n"), readOnly},
	{"above all", reading("h", ""), setting("y"), readOnly},
	{"by a scan downwards", func(x *txn) {
		r, ok := x.Txn.(kv.ReverseScanner)
		if !ok {
			x.walk([]byte("b"), []byte("f"))
		} else {
			walkBack(x.s, r.ScanReverse([]byte("b"), []byte("f")))
		}
		x.set("x", "own")
	}, setting("d"), readOnly},
}

var falseConflicts = []scenario{
	{"other keys", func(x *txn) { x.set("b", "own") }, setting("c"), nothing},
	{"neighbours", func(x *txn) { x.set("c\x00", "own"); x.get("c\x01") }, setting("c", "c\x02"), nothing},
	{"blind write beside", func(x *txn) { x.set("x", "own") }, setting("a", "c", "e"), nothing},
	{"nothing written", func(x *txn) { x.get("c"); x.walk(nil, nil) }, setting("c", "d"), nothing},
	{"other key read", func(x *txn) { x.get("c"); x.set("x", "own") }, setting("e"), nothing},
	{"above the range", reading("b", "f"), setting("f", "g"), nothing},
	{"below the range", reading("b", "f"), setting("a", "a\xff"), nothing},
	{"own write read", func(x *txn) { x.set("x", "own"); x.get("x") }, setting("c"), nothing},
	{"nothing done", func(*txn) {}, setting("c"), nothing},
}

// judged makes a case of scenarios. At each level the other writer is a plain batch or a
// transaction, and its write is in memory or was flushed and compacted. The commit passes
// or is refused as the level says; one that is refused leaves nothing.
func judged(scenarios []scenario) func(t testing.TB, h Harness) {
	return func(t testing.TB, h Harness) {
		interleaved(t, h)
		eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
			for _, sc := range scenarios {
				for _, byTxn := range []bool{false, true} {
					for _, flushed := range []bool{false, true} {
						sub := *s
						sub.TB = labelled{t, fmt.Sprintf("%v: %s, by a transaction %v, flushed %v", level, sc.name, byTxn, flushed)}
						sc.run(&sub, level, byTxn, flushed)
					}
				}
			}
		})
	}
}

func (sc scenario) run(s *store, level kv.Isolation, byTxn, flushed bool) {
	s.Helper()
	old := s.dump()
	s.apply(s.durability, func(b *kv.Batch) {
		for key := range old {
			b.Delete([]byte(key))
		}
		setting("a", "c", "e", "g", "i")(b)
	})
	x := s.begin(level)
	sc.act(x)
	if byTxn {
		s.applyByTxn(level, sc.other)
	} else {
		s.apply(s.durability, sc.other)
	}
	if flushed {
		s.flushAndCompact()
	}
	before := s.dump()
	err := x.Commit(s.durability)
	got, want := passes, sc.clash.judge(level)
	if errors.Is(err, kv.ErrConflict) {
		got = refused
	} else if err != nil {
		s.Fatalf("commit: %v", err)
	}
	switch {
	case want == refused && got == passes:
		s.Fatal("the commit passes, which the level forbids")
	case want == passes && got == refused && s.h.FalseConflicts == "":
		s.Fatal("the commit is refused, which the level does not ask for")
	case got == refused && !maps.Equal(s.dump(), before):
		s.Fatal("a transaction that was refused has left something")
	}
}

// applyByTxn applies a batch as a transaction that reads nothing.
func (s *store) applyByTxn(level kv.Isolation, fill func(b *kv.Batch)) {
	s.Helper()
	var b kv.Batch
	fill(&b)
	x := s.begin(level)
	for ops := b.Ops(); ops.Next(); {
		if ops.Kind == kv.OpSet {
			x.set(string(ops.Key), string(ops.Value))
		} else {
			x.delete(string(ops.Key))
		}
	}
	x.commit()
}

// dump reads the whole store.
func (s *store) dump() map[string]string {
	s.Helper()
	content, err := dump(s)
	if err != nil {
		s.Fatal(err)
	}
	return content
}

// testTxnWriteSkew: of two transactions that read both keys, and write one each, at most
// one commits under Serializable (case A5B of Berenson et al.).
func testTxnWriteSkew(t testing.TB, h Harness) {
	interleaved(t, h)
	eachLevel(t, h, kv.Serializable, func(s *store, level kv.Isolation) {
		for _, scan := range []bool{false, true} {
			s.setAll(pairs("on", "alice", "bob"))
			on := func(x *txn) (n int) {
				if scan {
					return len(x.walk(nil, nil))
				}
				for _, who := range []string{"alice", "bob"} {
					if x.get(who) == "on" {
						n++
					}
				}
				return n
			}
			alice, bob := s.begin(level), s.begin(level)
			if on(alice) != 2 || on(bob) != 2 {
				s.Fatal("not both are on call")
			}
			alice.delete("alice")
			bob.delete("bob")
			alice.commit()
			bob.conflict()
			s.wantMissing(s, "alice")
			s.want(s, "bob", "on")
			again := s.begin(level)
			if on(again) != 1 {
				s.Fatal("a new transaction does not see the commit")
			}
			again.Discard()
		}
	})
}

// testTxnWritersWait: where a writer waits for an open transaction, it takes its turn
// after the end of that one.
func testTxnWritersWait(t testing.TB, h Harness) {
	if !h.WritersWait {
		t.Skip("writers of the engine do not wait for open transactions")
	}
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		for _, end := range []func(x *txn){(*txn).commit, func(x *txn) { x.Discard() }} {
			x := s.begin(level)
			x.set("k", "first")
			var others workers
			others.run(func() error {
				var b kv.Batch
				b.Set([]byte("k"), []byte("second"))
				return s.Apply(&b, s.durability)
			})
			s.wantMissing(s, "k") // neither has committed
			end(x)
			others.wait(s)
			s.want(s, "k", "second")
			s.delete("k")
		}
	})
}
