package probe

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"runtime"
	"slices"
	"sync"

	"lsmlab/engines/kv"
)

// bug is what a [toy] does wrong.
type bug uint8

const (
	none             bug = iota
	noWriteCheck         // two that write one key at the same time both commit
	checkTooEarly        // the check and what follows it are two critical sections
	staleSnapshot        // Begin sees the state before the newest write
	staleReadOnly        // .. of transactions that only read
	dirtyRead            // reads see writes of transactions that run
	dirtyScan            // .. scans do
	tornCommit           // the second half of a commit is visible after the next call
	phantom              // a range read checks the keys that it returned, not those that were absent
	noRangeCheck         // a range read checks nothing
	noReadCheck          // reads of single keys check nothing
	noAbsentCheck        // .. of absent ones
	abortedVisible       // Discard applies the writes
	conflictApplied      // Commit says conflict, and applies the writes
	nonRepeatable        // each read sees the newest state
	newestScan           // each scan does
	lostOwnWrite         // reads do not see the transaction's own writes
	scanMissesOwn        // .. scans do not
	plainUnchecked       // transactions do not compare their writes with plain ones
	lostCommit           // now and then a commit is acknowledged and not applied
	intermediateRead     // each Set is visible to all at once
)

// toy is a store in memory with versions of each key, under one lock, that does one thing
// wrong.
type toy struct {
	kv.Engine // no more of it than is here

	bug bug
	mu  sync.Mutex
	lsn uint64
	// versions of each key, oldest first
	versions map[string][]version
	running  map[*toyTxn]bool
	late     func() // what a torn commit has still to do
	commits  int
}

type version struct {
	lsn   uint64
	value []byte
	plain bool
}

func newToy(b bug) *toy {
	return &toy{bug: b, versions: map[string][]version{}, running: map[*toyTxn]bool{}}
}

// at returns the value of a key as of an LSN.
func (s *toy) at(key string, lsn uint64) ([]byte, bool) {
	for _, v := range slices.Backward(s.versions[key]) {
		if v.lsn <= lsn {
			return v.value, true
		}
	}
	return nil, false
}

// newest returns the LSN of the newest version of a key.
func (s *toy) newest(key string) (lsn uint64, plain bool) {
	if all := s.versions[key]; len(all) > 0 {
		return all[len(all)-1].lsn, all[len(all)-1].plain
	}
	return 0, false
}

// call is the beginning of each call: what was late happens.
func (s *toy) call() {
	if s.late != nil {
		s.late()
		s.late = nil
	}
}

// apply makes writes, of n calls, visible.
func (s *toy) apply(writes map[string][]byte, n int, plain bool) {
	s.lsn += uint64(n)
	for k, v := range writes {
		s.versions[k] = append(s.versions[k], version{s.lsn, v, plain})
	}
}

func (s *toy) Apply(b *kv.Batch, d kv.Durability) error {
	_, err := s.ApplyLSN(b, d)
	return err
}

func (s *toy) ApplyLSN(b *kv.Batch, _ kv.Durability) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call()
	writes := map[string][]byte{}
	for ops := b.Ops(); ops.Next(); {
		writes[string(ops.Key)] = bytes.Clone(ops.Value)
	}
	s.apply(writes, b.Len(), true)
	return s.lsn, nil
}

func (s *toy) Get(dst, key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call()
	if v, ok := s.at(string(key), s.lsn); ok {
		return append(dst, v...), nil
	}
	return dst, kv.ErrNotFound
}

func (s *toy) Begin(o kv.TxnOptions) (kv.Txn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call()
	t := &toyTxn{s: s, o: o, lsn: s.lsn, writes: map[string][]byte{}, reads: map[string]bool{}}
	if s.bug == staleSnapshot || s.bug == staleReadOnly && o.ReadOnly {
		t.lsn = max(t.lsn, 1) - 1
	}
	s.running[t] = true
	return t, nil
}

type toyTxn struct {
	s      *toy
	o      kv.TxnOptions
	lsn    uint64
	writes map[string][]byte
	reads  map[string]bool
	ranges [][2]string
	sets   int
	commit uint64
}

func (t *toyTxn) ReadLSN() uint64   { return t.lsn }
func (t *toyTxn) CommitLSN() uint64 { return t.commit }

// read returns what the transaction sees of a key.
func (t *toyTxn) read(key string, dirty, newest, blind bool) (value []byte, ok bool) {
	if v, ok := t.writes[key]; ok && !blind {
		return v, true
	}
	if dirty {
		for other := range t.s.running {
			if v, ok := other.writes[key]; ok && other != t {
				return v, true
			}
		}
	}
	if t.o.Isolation == kv.ReadCommitted {
		t.lsn = t.s.lsn
	}
	if newest {
		return t.s.at(key, t.s.lsn)
	}
	return t.s.at(key, t.lsn)
}

func (t *toyTxn) Get(dst, key []byte) ([]byte, error) {
	s := t.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call()
	v, ok := t.read(string(key), s.bug == dirtyRead, s.bug == nonRepeatable, s.bug == lostOwnWrite)
	if s.bug != noReadCheck && (ok || s.bug != noAbsentCheck) {
		t.reads[string(key)] = true
	}
	if !ok {
		return dst, kv.ErrNotFound
	}
	return append(dst, v...), nil
}

func (t *toyTxn) Scan(lower, upper []byte) kv.Iterator {
	s := t.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call()
	keys := slices.Collect(maps.Keys(s.versions))
	for other := range s.running {
		keys = slices.AppendSeq(keys, maps.Keys(other.writes))
	}
	slices.Sort(keys)
	i := &toyIterator{at: -1}
	for _, k := range slices.Compact(keys) {
		if k < string(lower) || k >= string(upper) {
			continue
		}
		if v, ok := t.read(k, s.bug == dirtyScan, s.bug == newestScan, s.bug == scanMissesOwn); ok {
			i.entries = append(i.entries, [2][]byte{[]byte(k), v})
			if s.bug == phantom {
				t.reads[k] = true
			}
		}
	}
	if s.bug != phantom && s.bug != noRangeCheck {
		t.ranges = append(t.ranges, [2]string{string(lower), string(upper)})
	}
	return i
}

type toyIterator struct {
	kv.Iterator

	entries [][2][]byte
	at      int
}

func (i *toyIterator) First() bool   { i.at = 0; return len(i.entries) > 0 }
func (i *toyIterator) Next() bool    { i.at++; return i.at < len(i.entries) }
func (i *toyIterator) Key() []byte   { return i.entries[i.at][0] }
func (i *toyIterator) Value() []byte { return i.entries[i.at][1] }
func (i *toyIterator) Close() error  { return nil }

func (t *toyTxn) Set(key, value []byte) error {
	s := t.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call()
	t.writes[string(key)] = bytes.Clone(value)
	t.sets++
	if s.bug == intermediateRead {
		s.apply(map[string][]byte{string(key): bytes.Clone(value)}, 1, false)
		t.lsn = s.lsn
	}
	return nil
}

func (t *toyTxn) Delete([]byte) error { return errors.ErrUnsupported }

// conflicts says whether the level forbids the commit.
func (t *toyTxn) conflicts() bool {
	s := t.s
	changed := func(key string) bool {
		lsn, plain := s.newest(key)
		return lsn > t.lsn && (!plain || s.bug != plainUnchecked)
	}
	if len(t.writes) == 0 || t.o.Isolation == kv.ReadCommitted {
		return false
	}
	if s.bug != noWriteCheck && slices.ContainsFunc(slices.Collect(maps.Keys(t.writes)), changed) {
		return true
	}
	if t.o.Isolation != kv.Serializable {
		return false
	}
	for k := range t.reads {
		if changed(k) {
			return true
		}
	}
	for k := range s.versions {
		for _, r := range t.ranges {
			if r[0] <= k && k < r[1] && changed(k) {
				return true
			}
		}
	}
	return false
}

func (t *toyTxn) Commit(kv.Durability) error {
	s := t.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call()
	delete(s.running, t)
	conflict := t.conflicts()
	if s.bug == checkTooEarly {
		s.mu.Unlock()
		for range 20 {
			runtime.Gosched()
		}
		s.mu.Lock()
	}
	if conflict && s.bug != conflictApplied {
		return kv.ErrConflict
	}
	if len(t.writes) > 0 {
		s.commits++
	}
	switch {
	case len(t.writes) == 0 || s.bug == intermediateRead || s.bug == lostCommit && s.commits%10 == 0:
	case s.bug == tornCommit && len(t.writes) > 1:
		first := map[string][]byte{}
		keys := slices.SortedFunc(maps.Keys(t.writes), cmp.Compare[string])
		for _, k := range keys[:len(keys)/2] {
			first[k] = t.writes[k]
			delete(t.writes, k)
		}
		s.apply(first, t.sets, false)
		calls := 0
		var rest func()
		rest = func() {
			if calls++; calls < 3 {
				defer func() { s.late = rest }()
				return
			}
			s.apply(t.writes, len(t.writes), false)
		}
		s.late = rest
	default:
		s.apply(t.writes, t.sets, false)
	}
	if conflict {
		return kv.ErrConflict
	}
	if t.sets > 0 {
		t.commit = s.lsn
	}
	return nil
}

func (t *toyTxn) Discard() {
	s := t.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[t] && s.bug == abortedVisible && len(t.writes) > 0 {
		s.apply(t.writes, t.sets, false)
	}
	delete(s.running, t)
}
