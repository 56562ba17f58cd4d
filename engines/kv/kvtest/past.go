package kvtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"lsmlab/engines/kv"
)

var historyCases = []Case{
	{"HistoryByLSN", testHistoryByLSN},
	{"HistoryByTime", testHistoryByTime},
	{"HistoryKept", testHistoryKept},
	{"HistoryTooOld", testHistoryTooOld},
	{"HistoryClosed", testHistoryClosed},
}

// pastStore is a store whose past can be read, with the states that it went through.
type pastStore struct {
	*store
	past   kv.Historian
	states []pastState
	now    *state
}

type pastState struct {
	first, last uint64 // LSNs of the batch that made it
	at          time.Time
	state       *state
}

// withPast returns a store that reads its past, or skips the test.
func withPast(t testing.TB, h Harness) *pastStore {
	t.Helper()
	s := newStore(t, h)
	past, ok := s.Engine.(kv.Historian)
	if !ok {
		t.Skip("the engine does not read the past: it is no kv.Historian")
	}
	if _, ok := s.Engine.(kv.LSNApplier); !ok {
		t.Fatal("the engine is a kv.Historian and does not tell LSNs: it is no kv.LSNApplier")
	}
	return &pastStore{store: s, past: past, now: new(state), states: []pastState{{state: new(state)}}}
}

// write applies a batch and remembers the state after it.
func (p *pastStore) write(fill func(b *kv.Batch)) {
	p.Helper()
	var b kv.Batch
	fill(&b)
	last, err := p.Engine.(kv.LSNApplier).ApplyLSN(&b, p.durability)
	if err != nil {
		p.Fatal(err)
	}
	p.now.apply(b.Ops())
	p.states = append(p.states, pastState{last - uint64(b.Len()) + 1, last, time.Now(), p.now.clone()})
}

// history writes n batches of a few operations on few keys.
func (p *pastStore) history(n int) {
	p.Helper()
	for i := range n {
		p.write(func(b *kv.Batch) {
			for k := range 1 + i%4 {
				key := fmt.Appendf(nil, "%02d", (i*7+k*5)%20)
				if (i+k)%5 == 0 {
					b.Delete(key)
				} else {
					b.Set(key, fmt.Append(nil, i, k))
				}
			}
		})
	}
}

// wantPast checks a view of the past, which may be refused as too old if that is allowed;
// it says whether it was.
func (p *pastStore) wantPast(snap kv.Snapshot, err error, want *state, mayBeGone bool) (gone bool) {
	p.Helper()
	if mayBeGone && errors.Is(err, kv.ErrSnapshotTooOld) {
		return true
	}
	if err != nil {
		p.Fatalf("view of the past: %v", err)
	}
	content, err := dump(snap)
	if err != nil {
		p.Fatal(err)
	}
	if differences(want, content) != 0 {
		p.Fatalf("view of the past: %s", describe(want, content))
	}
	for key := range content {
		if got, err := snap.Get(nil, []byte(key)); err != nil || string(got) != content[key] {
			p.Fatalf("view of the past: get %s: %q, %v; its scan says %q", key, got, err, content[key])
		}
	}
	if err := snap.Close(); err != nil {
		p.Fatal(err)
	}
	return false
}

// checkAll reads the state at every LSN. What is too old is so for all that is older.
func (p *pastStore) checkAll() {
	p.Helper()
	gone := true // from the oldest on
	for i, then := range p.states {
		for lsn := then.first; lsn <= then.last; lsn++ {
			want := then.state
			if lsn < then.last { // inside a batch: the state before it
				want = p.states[i-1].state
			}
			snap, err := p.past.SnapshotAt(lsn)
			gone = p.wantPast(snap, err, want, gone)
		}
	}
	if gone {
		p.Fatal("the newest state is too old")
	}
}

// testHistoryByLSN: SnapshotAt shows each state as it was, before and after tables were
// flushed and compacted, or says that it is too old. An LSN of the future is refused.
func testHistoryByLSN(t testing.TB, h Harness) {
	p := withPast(t, h)
	p.history(100)
	p.checkAll()
	p.flushAndCompact()
	p.checkAll()
	p.history(100)
	p.checkAll()
	last := p.states[len(p.states)-1].last
	for _, ahead := range []uint64{1, 1000, 1 << 62} {
		if snap, err := p.past.SnapshotAt(last + ahead); !errors.Is(err, kv.ErrNotFound) {
			t.Fatalf("view of LSN %d, %d ahead: %v, %v; want %v", last+ahead, ahead, snap, err, kv.ErrNotFound)
		}
	}
}

// testHistoryByTime: SnapshotAtTime shows the state of that time. Clocks are coarse, so it
// is asked for times between writes that differ.
func testHistoryByTime(t testing.TB, h Harness) {
	p := withPast(t, h)
	p.history(40)
	for i := range 3 {
		before := time.Now()
		for !time.Now().After(before.Add(2 * time.Millisecond)) { // until the clock has gone on
		}
		want, at := p.now.clone(), time.Now()
		for !time.Now().After(at.Add(2 * time.Millisecond)) {
		}
		p.history(10)
		if i == 1 {
			p.flushAndCompact()
		}
		snap, err := p.past.SnapshotAtTime(at)
		p.wantPast(snap, err, want, true)
	}
	snap, err := p.past.SnapshotAtTime(time.Now().Add(time.Hour))
	p.wantPast(snap, err, p.now, false)
	if _, err := p.past.SnapshotAtTime(time.Unix(1, 0)); !errors.Is(err, kv.ErrSnapshotTooOld) {
		t.Fatalf("view of a time before the store: %v, want %v", err, kv.ErrSnapshotTooOld)
	}
}

// testHistoryKept: a view of the past stays as it is while the store goes on.
func testHistoryKept(t testing.TB, h Harness) {
	p := withPast(t, h)
	p.history(20)
	then := p.states[len(p.states)-1]
	snap, err := p.past.SnapshotAt(then.last)
	if err != nil {
		t.Fatal(err)
	}
	p.history(200)
	p.flushAndCompact()
	p.history(200)
	p.flushAndCompact()
	p.wantPast(snap, nil, then.state, false)
}

// testHistoryTooOld overwrites few keys many times over. Each LSN still shows its state
// or says that it is too old, and a view never shows a part of what was dropped.
func testHistoryTooOld(t testing.TB, h Harness) {
	p := withPast(t, h)
	for range 4 {
		p.history(300)
		p.flushAndCompact()
		p.checkAll()
	}
}

func testHistoryClosed(t testing.TB, h Harness) {
	p := withPast(t, h)
	p.history(5)
	last := p.states[len(p.states)-1].last
	snap, err := p.past.SnapshotAt(last)
	if err != nil {
		t.Fatal(err)
	}
	p.close()
	wantReaderClosed(t, snap)
	_ = snap.Close() // says ErrClosed or nothing
	if _, err := p.past.SnapshotAt(last); !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("view after close: %v", err)
	}
	if _, err := p.past.SnapshotAtTime(time.Now()); !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("view by time after close: %v", err)
	}
	p.open()
}
