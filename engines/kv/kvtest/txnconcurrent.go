package kvtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
)

var txnConcurrentCases = []Case{
	{"TxnCounters", testTxnCounters},
	{"TxnPlainBeside", testTxnPlainBeside},
	{"TxnBank", testTxnBank},
	{"TxnAtomicCommit", testTxnAtomicCommit},
	{"TxnCloseWhileWorking", testTxnCloseWhileWorking},
}

// retry runs a transaction until it commits, and counts the conflicts. work may return
// ErrConflict of a write; the transaction has to end then too.
func (s *store) retry(level kv.Isolation, conflicts *atomic.Int64, work func(x kv.Txn) error) error {
	for {
		x, err := s.try(kv.TxnOptions{Isolation: level})
		if err != nil {
			return err
		}
		if err = work(x.Txn); err == nil {
			err = x.Commit(s.durability)
		}
		x.Discard()
		if !errors.Is(err, kv.ErrConflict) {
			return err
		}
		conflicts.Add(1)
	}
}

// addTo adds n to the number that key holds, and lets others run before it writes.
func addTo(x kv.Txn, key []byte, n int64) error {
	value, err := numberAt(x, key)
	if err != nil {
		return err
	}
	runtime.Gosched()
	return x.Set(key, binary.BigEndian.AppendUint64(nil, uint64(value+n)))
}

// numberAt returns the number that key holds; 0 if there is none.
func numberAt(r kv.Reader, key []byte) (int64, error) {
	value, err := r.Get(nil, key)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil || len(value) != 8 {
		return 0, fmt.Errorf("get %q: %x, %w", key, value, err)
	}
	return int64(binary.BigEndian.Uint64(value)), nil
}

// testTxnCounters has writers count up few keys, read and then written. From snapshot
// isolation on no update is lost: each key ends at the number of commits. On a busy machine
// all could run one after the other: writers go on until they have overlapped often enough,
// up to a bound, unless they wait for each other anyway.
func testTxnCounters(t testing.TB, h Harness) {
	eachLevel(t, h, kv.SnapshotIsolation, func(s *store, level kv.Isolation) {
		const writers, counts, mostCounts, overlaps, keys = 6, 60, 3000, 300, 3
		var all workers
		var inside, overlapped, counted, conflicts atomic.Int64
		for w := range writers {
			all.run(func() error {
				for i := 0; i < counts || !h.WritersWait && overlapped.Load() < overlaps && i < mostCounts; i++ {
					key := []byte{'k', byte((w + i) % keys)}
					err := s.retry(level, &conflicts, func(x kv.Txn) error {
						if inside.Add(1) > 1 {
							overlapped.Add(1)
						}
						defer inside.Add(-1)
						return addTo(x, key, 1)
					})
					if err != nil {
						return err
					}
					counted.Add(1)
				}
				return nil
			})
		}
		all.wait(s)
		var sum int64
		for k := range byte(keys) {
			n, err := numberAt(s, []byte{'k', k})
			if err != nil {
				s.Fatal(err)
			}
			sum += n
		}
		if sum != counted.Load() {
			s.Fatalf("%d increments were acknowledged, %d are there", counted.Load(), sum)
		}
		s.Logf("%v: %d increments, %d conflicts", level, sum, conflicts.Load())
	})
}

// plainBesideRounds is how often the case TxnPlainBeside commits beside a plain write; less
// often where the write waits for the commit anyway, as commits of such engines may be slow.
func plainBesideRounds(h Harness) int {
	if h.WritersWait {
		return 20
	}
	return 300
}

// testTxnPlainBeside: see [PlainBeside].
func testTxnPlainBeside(t testing.TB, h Harness) {
	if h.PlainSlips != "" {
		t.Skip("known: " + h.PlainSlips)
	}
	rounds := plainBesideRounds(h)
	eachLevel(t, h, kv.SnapshotIsolation, func(s *store, level kv.Isolation) {
		committed, slipped, err := PlainBeside(s.Engine, level, s.durability, rounds)
		if err != nil {
			s.Fatal(err)
		}
		if slipped > 0 {
			s.Fatalf("%d of %d transactions committed over a plain write that they did not see", slipped, committed)
		}
		s.Logf("%v: %d of %d transactions committed", level, committed, rounds)
	})
}

// PlainBeside begins the commit of a transaction and a plain write of the same key at about
// the same time, once a round, on an engine that is a kv.Transactor. The transaction has read
// the key before. So from snapshot isolation on, either its commit is refused, or the plain
// write comes after it and is what is there in the end. slipped is how many of the
// transactions that committed replaced the plain write instead.
func PlainBeside(e kv.Engine, level kv.Isolation, d kv.Durability, rounds int) (committed, slipped int, err error) {
	for n := range rounds {
		mine := fmt.Appendf(nil, "transaction %d", n)
		switch err := besidePlain(e, level, d, mine, n); {
		case errors.Is(err, kv.ErrConflict):
			continue
		case err != nil:
			return committed, slipped, err
		}
		value, err := e.Get(nil, plainBesideKey)
		if err != nil {
			return committed, slipped, err
		}
		committed++
		if bytes.Equal(value, mine) {
			slipped++
		}
	}
	return committed, slipped, nil
}

var plainBesideKey = []byte("key")

// besidePlain is round n of PlainBeside. It returns the error of the commit, once the plain
// write is acknowledged as well.
func besidePlain(e kv.Engine, level kv.Isolation, d kv.Durability, mine []byte, n int) error {
	x, err := e.(kv.Transactor).Begin(kv.TxnOptions{Isolation: level})
	if err != nil {
		return err
	}
	defer x.Discard()
	if _, err := x.Get(nil, plainBesideKey); err != nil && !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	if err := x.Set(plainBesideKey, mine); err != nil {
		return err
	}
	start, written := make(chan struct{}), make(chan error, 1)
	go func() {
		var b kv.Batch
		b.Set(plainBesideKey, fmt.Appendf(nil, "plain %d", n))
		<-start
		written <- e.Apply(&b, d)
	}()
	close(start)
	for spin := new(atomic.Int64); spin.Load() < int64(n%64*64); { // so that each part of the commit meets the write in some round
		spin.Add(1)
	}
	err = x.Commit(d)
	if plain := <-written; plain != nil {
		return fmt.Errorf("plain write: %w", plain)
	}
	return err
}

const (
	bankAccounts = 8
	bankMoney    = 100
)

// testTxnBank moves money between accounts, by transactions that read both and write
// both. Every reader of one state sees the same sum: a read-only transaction by a scan and
// by gets, and a snapshot.
func testTxnBank(t testing.TB, h Harness) {
	eachLevel(t, h, kv.SnapshotIsolation, func(s *store, level kv.Isolation) {
		s.apply(s.durability, func(b *kv.Batch) {
			for a := range bankAccounts {
				b.Set([]byte{byte(a)}, binary.BigEndian.AppendUint64(nil, bankMoney))
			}
		})
		const writers, moves, mostMoves, looks = 4, 50, 5000, 50
		var looked, conflicts atomic.Int64
		var done atomic.Bool
		var write, read workers
		for w := range writers {
			write.run(func() error {
				for i := 0; i < moves || looked.Load() < looks && i < mostMoves; i++ {
					from, to := []byte{byte((w*3 + i) % bankAccounts)}, []byte{byte((w*5 + i*3 + 1) % bankAccounts)}
					err := s.retry(level, &conflicts, func(x kv.Txn) error {
						if err := addTo(x, from, -1); err != nil {
							return err
						}
						return addTo(x, to, 1)
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		for range 2 {
			read.run(func() error {
				for !done.Load() {
					if err := s.audit(level); err != nil {
						return err
					}
					looked.Add(1)
				}
				return nil
			})
		}
		write.wg.Wait()
		done.Store(true)
		write.wait(s)
		read.wait(s)
		if err := s.audit(level); err != nil {
			s.Fatal(err)
		}
	})
}

// audit sums up all accounts in a transaction that only reads, in two ways.
func (s *store) audit(level kv.Isolation) error {
	x, err := s.try(kv.TxnOptions{Isolation: level, ReadOnly: true})
	if err != nil {
		return err
	}
	defer x.Discard()
	var scanned, got int64
	it := x.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		scanned += int64(binary.BigEndian.Uint64(it.Value()))
	}
	if err := it.Close(); err != nil {
		return err
	}
	for a := range byte(bankAccounts) {
		n, err := numberAt(x, []byte{a})
		if err != nil {
			return err
		}
		got += n
	}
	if scanned != bankAccounts*bankMoney || got != scanned {
		return fmt.Errorf("one state holds %d by a scan and %d by gets, want %d", scanned, got, bankAccounts*bankMoney)
	}
	return x.Commit(s.durability)
}

// testTxnAtomicCommit: every transaction writes one value to all keys, so whoever reads a
// state sees equal values there. A commit in parts shows unequal ones.
func testTxnAtomicCommit(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		const size, commits, mostCommits, looks = 8, 100, 10_000, 100
		var looked, conflicts atomic.Int64
		var done atomic.Bool
		var write, read workers
		for g := range 2 {
			write.run(func() error {
				for i := 0; i < commits || looked.Load() < looks && i < mostCommits; i++ {
					err := s.retry(level, &conflicts, func(x kv.Txn) (err error) {
						for k := range size {
							err = errors.Join(err, x.Set([]byte{byte(k), byte(g)}, fmt.Append(nil, i)))
						}
						return err
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		for r := range 2 {
			read.run(func() error {
				for !done.Load() {
					looked.Add(1)
					if err := checkGroups(s, r == 0, size); err != nil {
						return err
					}
				}
				return nil
			})
		}
		write.wg.Wait()
		done.Store(true)
		write.wait(s)
		read.wait(s)
	})
}

// testTxnCloseWhileWorking closes the store below transactions that count. What was
// acknowledged is there after, and nothing that was not tried.
func testTxnCloseWhileWorking(t testing.TB, h Harness) {
	eachLevel(t, h, kv.ReadCommitted, func(s *store, level kv.Isolation) {
		const writers = 3
		var acked [writers]int64
		var all workers
		var begun, conflicts atomic.Int64
		for w := range writers {
			all.run(func() error {
				s := *s
				s.durability = s.safe
				for {
					err := s.retry(level, &conflicts, func(x kv.Txn) error { return addTo(x, []byte{byte(w)}, 1) })
					if err != nil {
						return onlyClosed(err)
					}
					acked[w]++
					begun.Add(1)
				}
			})
		}
		for begun.Load() < 20 && len(all.failed()) == 0 {
			if err := s.auditNothing(level); err != nil {
				s.Fatal(err)
			}
		}
		if err := s.Engine.Close(); err != nil {
			s.Fatalf("close: %v", err)
		}
		all.wait(s)
		s.open()
		for w, n := range acked {
			if got, err := numberAt(s, []byte{byte(w)}); err != nil || got < n || got > n+1 {
				s.Fatalf("writer %d: store has %d, %v; acknowledged was %d", w, got, err, n)
			}
		}
	})
}

// auditNothing begins a transaction that only reads, and drops it.
func (s *store) auditNothing(level kv.Isolation) error {
	x, err := s.try(kv.TxnOptions{Isolation: level, ReadOnly: true})
	if err == nil {
		x.Discard()
	}
	return err
}
