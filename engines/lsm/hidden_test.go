package lsm

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
)

// TestHidden counts what is kept for pins at 10, 20 and 30 and for the floor alone, of one
// key, and until when that is needed.
func TestHidden(t *testing.T) {
	for _, tc := range []struct {
		name     string
		bottom   bool
		floor    ikey.Seq
		versions string // newest first, with a "-" behind tombstones
		want     hidden
	}{
		{"newest only", false, 50, "49", hidden{}},
		{"for the newest pin", false, 50, "35 25", hidden{held: []heldFor{{30, 30, 1}}}},
		{"for two", false, 50, "35 15", hidden{held: []heldFor{{20, 30, 1}}}},
		{"one for each", false, 50, "35 25 15 5", hidden{held: []heldFor{{10, 10, 1}, {20, 20, 1}, {30, 30, 1}}}},
		{"the newest is not held", false, 50, "25 15", hidden{held: []heldFor{{20, 20, 1}}}},
		{"tombstone above others", false, 50, "35-", hidden{}},
		{"tombstone over what pins see", true, 50, "35- 5", hidden{held: []heldFor{{10, 30, 2}}}},
		{"tombstone at the bottom", true, 50, "5-", hidden{}},
		{"two in the window", false, 40, "49 45 38", hidden{past: 2, due: 49}},
		{"in the window and for a pin", false, 40, "49 35 25 22", hidden{past: 1, due: 49, held: []heldFor{{30, 30, 1}}}},
		{"tombstone in the window", true, 40, "49-", hidden{past: 1, due: 49}},
		{"tombstone in the window above others", false, 40, "49-", hidden{}},
	} {
		r := retainer{floor: tc.floor, snapshots: []ikey.Seq{10, 20, 30}, bottom: func([]byte) bool { return tc.bottom }}
		for _, spec := range strings.Fields(tc.versions) {
			digits, deleted := strings.CutSuffix(spec, "-")
			seq, err := strconv.ParseUint(digits, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			kind := ikey.Set
			if deleted {
				kind = ikey.Delete
			}
			r.keep(ikey.New([]byte("a"), ikey.Seq(seq), kind))
		}
		if !reflect.DeepEqual(r.hidden, tc.want) {
			t.Errorf("%s: %+v, want %+v", tc.name, r.hidden, tc.want)
		}
	}
}

func TestGarbage(t *testing.T) {
	h := hidden{held: []heldFor{{10, 10, 1}, {10, 20, 2}, {25, 30, 4}}, past: 8, due: 50}
	for _, tc := range []struct {
		open  []ikey.Seq
		floor ikey.Seq
		want  uint64
	}{
		{nil, 50, 15},
		{nil, 49, 7},
		{[]ikey.Seq{10}, 49, 4},
		{[]ikey.Seq{20}, 49, 5},
		{[]ikey.Seq{15}, 49, 5},
		{[]ikey.Seq{24, 31}, 49, 7},
		{[]ikey.Seq{10, 30}, 60, 8},
		{[]ikey.Seq{10, 20, 30}, 49, 0},
	} {
		if got := h.garbage(tc.open, tc.floor); got != tc.want {
			t.Errorf("pins %v, floor %d: %d are garbage, want %d", tc.open, tc.floor, got, tc.want)
		}
		for _, entries := range []uint64{8*tc.want - 1, 8 * tc.want, 8*tc.want + 1} {
			if want := tc.want > 0 && entries <= 8*tc.want; h.worth(tc.open, tc.floor, entries) != want {
				t.Errorf("pins %v, floor %d: not %v for %d entries", tc.open, tc.floor, want, entries)
			}
		}
	}
	for seq, want := range map[ikey.Seq]string{5: "0 false", 10: "10 true", 19: "19 true", 21: "0 false"} {
		newest, needed := h.held[1].by([]ikey.Seq{seq})
		if got := fmt.Sprint(newest, " ", needed); got != want {
			t.Errorf("by %d: %s, want %s", seq, got, want)
		}
	}
}

// TestHiddenTellsReadersApart: versions of different keys are garbage when the readers end that
// see them, also if other readers that are open see others which the newest of them sees too.
// Where there are too many groups to be told apart, none is garbage too early.
func TestHiddenTellsReadersApart(t *testing.T) {
	var h hidden
	h.addHeld([]ikey.Seq{10, 20, 30})
	for range 9 {
		h.addHeld([]ikey.Seq{30})
	}
	if n := h.garbage([]ikey.Seq{10}, 50); n != 9 {
		t.Errorf("%d are garbage, want those 9 that only the reader at 30 saw", n)
	}
	rng := testseed.Rand(t)
	var held [][]ikey.Seq
	h = hidden{}
	for range 4 * mostHeld {
		oldest := ikey.Seq(rng.IntN(200))
		pins := []ikey.Seq{oldest, oldest + ikey.Seq(rng.IntN(200))}
		held = append(held, pins)
		h.addHeld(pins)
	}
	if len(h.held) > mostHeld || !slices.IsSortedFunc(h.held, heldFor.compare) || h.total() != uint64(len(held)) {
		t.Fatalf("%d versions in %d groups, want %d in %d at most, sorted", h.total(), len(h.held), len(held), mostHeld)
	}
	for pin := range ikey.Seq(400) {
		needed := uint64(0)
		for _, pins := range held {
			if pins[0] <= pin && pin <= pins[1] {
				needed++
			}
		}
		if n := h.garbage([]ikey.Seq{pin}, 0); n+needed > uint64(len(held)) {
			t.Errorf("reader at %d: %d are garbage of %d, and %d are needed", pin, n, len(held), needed)
		}
	}
}

// TestHiddenByWindowThenPin: what fell out of the window and is still held by a reader is given
// back when the reader ends or is cut, without another compaction. The table is written
// again in between, and nothing of it is garbage then.
func TestHiddenByWindowThenPin(t *testing.T) {
	const keys = 20
	for name, policy := range map[string]gc.Policy{
		"ended": {Window: 100 * time.Microsecond}, "cut": {Window: 100 * time.Microsecond, PinAge: 500 * time.Microsecond},
	} {
		t.Run(name, func(t *testing.T) {
			db := openTxns(t, func(o *Options) { o.Deterministic, o.GC, o.MemTableSize = true, policy, 1<<20 })
			write := func(prefix string, n int) {
				for i := range n {
					set(t, db, fmt.Sprint(prefix, i), "")
				}
			}
			write("a", keys)
			s, err := db.Snapshot()
			check(t, err)
			write("a", keys)
			check(t, db.Compact())
			if n := versions(db); n != 2*keys {
				t.Fatalf("%d versions in the window, want %d", n, 2*keys)
			}
			write("b", 200) // of time, too: see DB.now
			db.expire()
			check(t, db.Settle())
			if n := versions(db); n != 2*keys {
				t.Fatalf("%d versions beside a reader, want %d", n, 2*keys)
			}
			write("b", 400)
			if name == "ended" {
				check(t, s.Close())
			}
			db.expire()
			check(t, db.Settle())
			if n := versions(db); n != keys {
				t.Errorf("%d versions, want %d", n, keys)
			}
			if name == "cut" {
				check(t, s.Close())
			}
		})
	}
}
