package lsm

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
)

// past is each state that a store went through, as text, by the LSN of the batch that
// made it.
type past struct {
	mu     sync.Mutex
	lsns   []uint64
	states []string
	newest map[string]string
}

// write applies a batch of random writes and remembers the state after it.
func (p *past) write(t *testing.T, db *DB, rng *rand.Rand) {
	t.Helper()
	var b kv.Batch
	p.mu.Lock()
	defer p.mu.Unlock()
	for range 1 + rng.IntN(4) {
		key, value := fmt.Sprintf("k%02d", rng.IntN(20)), fmt.Sprint(rng.IntN(1000))
		switch rng.IntN(20) {
		case 0:
			end := fmt.Sprintf("k%02d", rng.IntN(20))
			if key, end = min(key, end), max(key, end); key == end {
				end += "+"
			}
			b.DeleteRange([]byte(key), []byte(end))
			maps.DeleteFunc(p.newest, func(k, _ string) bool { return key <= k && k < end })
		case 1, 2, 3, 4:
			b.Delete([]byte(key))
			delete(p.newest, key)
		default:
			b.Set([]byte(key), []byte(value))
			p.newest[key] = value
		}
	}
	lsn, err := db.ApplyLSN(&b, kv.Buffered)
	check(t, err)
	var text []string
	for _, k := range slices.Sorted(maps.Keys(p.newest)) {
		text = append(text, k+"="+p.newest[k])
	}
	p.lsns, p.states = append(p.lsns, lsn), append(p.states, strings.Join(text, " "))
}

// at returns the state at an LSN: that after the last batch which is whole there.
func (p *past) at(lsn uint64) (state string, end uint64) {
	i, ok := slices.BinarySearch(p.lsns, lsn)
	if !ok {
		i--
	}
	if i < 0 {
		return "", 0
	}
	return p.states[i], p.lsns[i]
}

// TestSnapshotAt writes batches, with flushes and compactions between, and asks for the
// state at random LSNs, also inside of batches and not given out yet. With a window that
// does not pass each is there; with a short one, on the clock of a deterministic store,
// those within it are, and others are refused or right; without one the newest alone.
func TestSnapshotAt(t *testing.T) {
	rounds := 1500
	if testing.Short() {
		rounds = 400
	}
	for _, style := range []CompactionStyle{Leveled, Tiered} {
		for _, window := range []int{0, 50, 1 << 40} { // in LSNs: one takes a microsecond
			t.Run(fmt.Sprintf("%v, window %d", style, window), func(t *testing.T) {
				rng := testseed.Rand(t)
				db := openTxns(t, func(o *Options) {
					o.Deterministic, o.Compaction = true, style
					o.GC = gc.Policy{Window: time.Duration(window) * time.Microsecond}
				})
				p := &past{newest: map[string]string{}}
				refused := 0
				for range rounds {
					p.write(t, db, rng)
					switch rng.IntN(30) {
					case 0:
						check(t, db.Flush())
					case 1:
						check(t, db.Compact())
					}
					newest := db.LSN()
					lsn := newest - min(newest, uint64(rng.IntN(120)))
					if rng.IntN(2) == 0 {
						lsn = rng.Uint64N(newest + 3)
					}
					refused += lookBack(t, db, p, lsn, newest-min(newest, uint64(window)))
				}
				if (refused > 0) != (window < 1<<40) {
					t.Errorf("%d views were refused", refused)
				}
			})
		}
	}
}

// lookBack asks for the state at an LSN, of which those from kept on must be there, and
// returns 1 if it is refused.
func lookBack(t *testing.T, db *DB, p *past, lsn, kept uint64) int {
	t.Helper()
	want, end := p.at(lsn)
	s, err := db.SnapshotAt(lsn)
	switch {
	case lsn > db.LSN():
		if !errors.Is(err, kv.ErrNotFound) {
			t.Fatalf("LSN %d of %d: %v", lsn, db.LSN(), err)
		}
		return 0
	case errors.Is(err, kv.ErrSnapshotTooOld) && end < kept:
		return 1
	}
	check(t, err)
	if got := strings.Join(walkAll(t, s.Scan(nil, nil)), " "); got != want {
		t.Fatalf("at LSN %d of %d:\n%s, want\n%s", lsn, db.LSN(), got, want)
	}
	check(t, s.Close())
	return 0
}

// TestSnapshotAtBeside looks back while writes, flushes and compactions go on, with a
// window so short that many views are refused: none may be wrong, also when it is read
// long after it was given.
func TestSnapshotAtBeside(t *testing.T) {
	db := openTxns(t, func(o *Options) { o.GC = gc.Policy{Window: time.Millisecond} })
	p := &past{newest: map[string]string{}}
	seed := testseed.New(t)
	var wg sync.WaitGroup
	var ended atomic.Bool
	for w := range 3 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for !ended.Load() {
				p.mu.Lock()
				from := rng.Uint64N(uint64(len(p.lsns)) + 1)
				p.mu.Unlock()
				newest := db.LSN()
				s, err := db.SnapshotAt(newest - min(newest, from%64))
				if errors.Is(err, kv.ErrSnapshotTooOld) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				lsn := uint64(s.(*snapshot).pin.seq)
				for range 3 {
					got := strings.Join(walkAll(t, s.Scan(nil, nil)), " ")
					p.mu.Lock()
					want, _ := p.at(lsn)
					p.mu.Unlock()
					if got != want {
						t.Errorf("at LSN %d:\n%s, want\n%s", lsn, got, want)
					}
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(seed, 9))
	rounds := 3000
	if testing.Short() {
		rounds = 600
	}
	for n := range rounds {
		p.write(t, db, rng)
		if n%50 == 0 {
			check(t, db.Flush())
		}
		if n%200 == 0 {
			check(t, db.Compact())
		}
	}
	ended.Store(true)
	wg.Wait()
}

// TestSnapshotAtTime asks a store whose clock is set by hand.
func TestSnapshotAtTime(t *testing.T) {
	db := openTxns(t, func(o *Options) { o.GC = gc.Policy{Window: time.Hour} })
	now := db.history.clock()
	db.history.clock = func() time.Time { return now }
	var lsns []uint64
	for i := range 10 {
		now = now.Add(time.Minute)
		set(t, db, "a", fmt.Sprint(i))
		lsns = append(lsns, db.LSN())
	}
	for back := range 10 {
		for _, late := range []time.Duration{0, time.Second} {
			s, err := db.SnapshotAtTime(now.Add(late - time.Duration(back)*time.Minute))
			check(t, err)
			if got := uint64(s.(*snapshot).pin.seq); got != lsns[9-back] {
				t.Errorf("%d minutes ago: LSN %d, want %d", back, got, lsns[9-back])
			}
			check(t, s.Close())
		}
	}
	if _, err := db.SnapshotAtTime(now.Add(-time.Hour * 24)); !errors.Is(err, kv.ErrSnapshotTooOld) {
		t.Errorf("a day ago: %v", err)
	}
	now = now.Add(2 * time.Hour)
	set(t, db, "a", "new")
	check(t, db.Compact())
	if _, err := db.SnapshotAt(lsns[3]); !errors.Is(err, kv.ErrSnapshotTooOld) {
		t.Errorf("what passed out of the window: %v", err)
	}
	if n := db.state.Load().version.Tables()[0].Table.Entries; n != 2 { // the newest, and that of an hour ago
		t.Errorf("%d versions are kept", n)
	}
}

// TestBatchEnds compares with a list, also what was forgotten.
func TestBatchEnds(t *testing.T) {
	rng := testseed.Rand(t)
	var e batchEnds
	seq, floor := ikey.Seq(rng.IntN(1000)), ikey.Seq(0)
	ends := []ikey.Seq{seq}
	e.mark(seq, 0)
	for range 5000 {
		seq += 1 + ikey.Seq(rng.IntN(4))
		if rng.IntN(50) == 0 {
			seq += 200
		}
		floor = max(floor, seq-min(seq, 500))
		e.mark(seq, floor)
		ends = append(ends, seq)
		ask := seq - min(seq, ikey.Seq(rng.IntN(600)))
		i, ok := slices.BinarySearch(ends, ask)
		if !ok {
			i--
		}
		got, known := e.last(ask)
		if i < 0 && known || known && got != ends[i] || !known && i >= 0 && ends[i] >= floor {
			t.Fatalf("the last end up to %d is %d, %v; want %v; the floor is %d", ask, got, known, ends[max(0, i)], floor)
		}
	}
	if len(e.bits) > 400 {
		t.Errorf("%d words for 700 LSNs", len(e.bits))
	}
}
