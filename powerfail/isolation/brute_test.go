package isolation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"lsmlab/engines/testseed"
)

// world is a store, as the brute-force judge runs transactions on it: of each key a list,
// or the value of a register, if it has one.
type world map[string][]int64

// do does a write.
func (w world) do(o Op) {
	if o.Kind == Write {
		w[o.Key] = []int64{o.Value}
	} else {
		w[o.Key] = append(slices.Clone(w[o.Key]), o.Value)
	}
}

// shows says whether a read returns what it did.
func (w world) shows(o Op) bool {
	if o.Kind == ReadList || o.Absent {
		return slices.Equal(w[o.Key], o.List)
	}
	return slices.Equal(w[o.Key], []int64{o.Value})
}

// reads says whether an operation is a read.
func reads(o Op) bool { return o.Kind == ReadList || o.Kind == ReadValue }

// brute is a judge that shares nothing with the one under test: it runs the committed
// transactions of a history, in every order in which a store of the level might
// have, until one order gives all that was read.
type brute struct {
	txns    []Txn
	version world // what is committed
	last    map[string]int
	started []int // when, as a count of commits; -1: not yet
	done    []bool
	commits int
	final   world           // what the last transaction read, if all lists: no order may leave its path
	dead    map[string]bool // states from which no order leads on
}

// newBrute returns a judge of what committed: those known to have, and of the unknown ones
// those whose bits are set. final says that the last transaction read all lists.
func newBrute(all []Txn, unknown uint, final bool) *brute {
	b := &brute{version: world{}, last: map[string]int{}, dead: map[string]bool{}}
	for _, t := range all {
		committed := t.Outcome == Committed
		if t.Outcome == Unknown {
			committed, unknown = unknown&1 == 1, unknown>>1
		}
		if committed {
			b.txns = append(b.txns, t)
			b.started = append(b.started, -1)
		}
	}
	b.done = make([]bool, len(b.txns))
	if final {
		b.final = world{}
		for _, o := range b.txns[len(b.txns)-1].Ops {
			b.final[o.Key] = o.List
		}
	}
	return b
}

// possible says whether some outcome of the unknown transactions has an order.
func possible(all []Txn, final bool, judge func(*brute) bool) bool {
	unknown := 0
	for _, t := range all {
		if t.Outcome == Unknown {
			unknown++
		}
	}
	for outcome := range uint(1) << unknown {
		if judge(newBrute(all, outcome, final)) {
			return true
		}
	}
	return false
}

// leads says whether what is committed can become what the last transaction read.
func (b *brute) leads(state world) bool {
	if b.final == nil {
		return true
	}
	for k, list := range state {
		if len(list) > len(b.final[k]) || !slices.Equal(list, b.final[k][:len(list)]) {
			return false
		}
	}
	return true
}

// fits says whether t reads what it did on top of a state, and returns the state after it.
func fits(t Txn, state world) (after world, ok bool) {
	after = world{}
	for k, v := range state {
		after[k] = v
	}
	for _, o := range t.Ops {
		switch {
		case !reads(o):
			after.do(o)
		case !after.shows(o):
			return nil, false
		}
	}
	return after, true
}

// order is which transactions must come after which, beside what they read.
type order uint8

const (
	anyOrder  order = iota
	bySession       // of one process, the later after the earlier
	byTime          // also after all that had ended
)

// mayBegin says whether all that must come before t have committed.
func (b *brute) mayBegin(t int, by order) bool {
	for o := range t {
		if b.txns[o].Outcome == Unknown {
			continue // it may take effect at any time
		}
		session := by >= bySession && b.txns[o].Process == b.txns[t].Process
		if !b.done[o] && (session || by == byTime && b.txns[o].End < b.txns[t].Begin) {
			return false
		}
	}
	return true
}

// serial says whether some serial order explains the rest of the history.
func (b *brute) serial(by order) bool {
	if !slices.Contains(b.done, false) {
		return true
	}
	before := b.version
	for t := range b.txns {
		if b.done[t] || !b.mayBegin(t, by) {
			continue
		}
		if after, ok := fits(b.txns[t], before); ok && b.leads(after) {
			b.done[t], b.version = true, after
			if b.serial(by) {
				return true
			}
			b.done[t], b.version = false, before
		}
	}
	return false
}

// snapshot says whether some order of begins and commits explains the rest, where each
// transaction reads the state at its begin and no two that overlap write one key.
func (b *brute) snapshot(by order) bool {
	if !slices.Contains(b.done, false) {
		return true
	}
	here := b.state()
	if b.dead[here] {
		return false
	}
	if b.beginOrCommit(by) {
		return true
	}
	b.dead[here] = true
	return false
}

// state is all that decides which orders lead on: what is done and committed, and of
// the transactions that run which keys were written since they began.
func (b *brute) state() string {
	var running []string
	for t := range b.txns {
		if b.started[t] < 0 || b.done[t] {
			continue
		}
		s := fmt.Sprint(t)
		for _, k := range []string{"x", "y", "z"} {
			if b.last[k] > b.started[t] {
				s += k
			}
		}
		running = append(running, s)
	}
	return fmt.Sprint(b.done, b.version, running)
}

// beginOrCommit tries each next step of an order.
func (b *brute) beginOrCommit(by order) bool {
	for t := range b.txns {
		if b.done[t] || b.started[t] >= 0 || !b.mayBegin(t, by) {
			continue
		}
		if _, ok := fits(b.txns[t], b.version); ok {
			b.started[t] = b.commits
			if b.snapshot(by) {
				return true
			}
			b.started[t] = -1
		}
	}
	before := b.version
	for t := range b.txns {
		if b.done[t] || b.started[t] < 0 {
			continue
		}
		after, changed, conflict := world{}, map[string]int{}, false
		for k, v := range before {
			after[k] = v
		}
		for _, o := range b.txns[t].Ops {
			if !reads(o) {
				after.do(o)
				conflict = conflict || b.last[o.Key] > b.started[t]
				changed[o.Key] = b.last[o.Key]
			}
		}
		if conflict || !b.leads(after) {
			continue
		}
		b.commits++
		for k := range changed {
			b.last[k] = b.commits
		}
		b.done[t], b.version = true, after
		if b.snapshot(by) {
			return true
		}
		b.done[t], b.version = false, before
		for k, old := range changed {
			b.last[k] = old
		}
		b.commits--
	}
	return false
}

// form is what a random history has.
type form struct {
	registers bool
	updates   bool // each write of a register is of one that its transaction read before
	some      bool // some are, the others are written without a read
	final     bool // the last transaction reads all
}

// exact says whether reads tell the order of all versions.
func (f form) exact() bool { return f.updates || !f.registers && f.final }

// someHistory is what up to n clients saw of a store that is wrong now and then: it reads
// an older state, keeps what was aborted, or loses the check for conflicts.
func someHistory(rng *rand.Rand, n int, f form) []Txn {
	keys := []string{"x", "y", "z"}[:1+rng.IntN(3)]
	states, wrong := []world{{}}, rng.Float64()*0.6
	var all []Txn
	value, clock := int64(0), int64(0)
	free := map[int]int64{} // from when on each process can begin
	for range n {
		clock += int64(rng.IntN(3))
		t := Txn{Process: rng.IntN(4), Begin: clock}
		t.Begin = max(t.Begin, free[t.Process])
		t.End = t.Begin + int64(rng.IntN(4))
		clock, free[t.Process] = t.Begin, t.End
		newest := states[len(states)-1]
		seen := newest
		if rng.Float64() < wrong {
			seen = states[rng.IntN(len(states))]
		}
		seen, newest = maps.Clone(seen), maps.Clone(newest) // with own writes
		touched := map[string]bool{}
		for range 1 + rng.IntN(3) {
			k, writes := keys[rng.IntN(len(keys))], rng.IntN(2) == 0
			if !writes || !touched[k] && (f.updates || f.some && rng.IntN(2) == 0) {
				t.Ops = append(t.Ops, f.read(k, seen[k]))
				touched[k] = true
			}
			if writes {
				value++
				o := Op{Kind: Append, Key: k, Value: value}
				if f.registers {
					o.Kind = Write
				}
				t.Ops = append(t.Ops, o)
				seen.do(o)
				newest.do(o)
			}
		}
		keeps := true
		switch rng.IntN(10) {
		case 0:
			t.Outcome, keeps = Aborted, rng.Float64() < wrong/4
		case 1: // its client saw no answer
			if !f.updates { // whose reads tell the order
				t.Outcome, keeps = Unknown, rng.IntN(2) == 0
				t.Ops = slices.DeleteFunc(t.Ops, reads)
			}
		}
		if keeps {
			states = append(states, newest)
		}
		all = append(all, t)
	}
	if !f.final {
		return all
	}
	last := Txn{Process: 9, Begin: clock + 10, End: clock + 11}
	for _, k := range keys {
		last.Ops = append(last.Ops, f.read(k, states[len(states)-1][k]))
	}
	return append(all, last)
}

// read returns a read that returned what a key had.
func (f form) read(key string, had []int64) Op {
	switch {
	case !f.registers:
		return Op{Kind: ReadList, Key: key, List: had}
	case len(had) == 0:
		return Op{Kind: ReadValue, Key: key, Absent: true}
	}
	return Op{Kind: ReadValue, Key: key, Value: had[0]}
}

// TestBruteForce compares with the brute-force judge on random histories of lists and of
// registers, of 8 transactions at most. The levels that it can run must be refuted exactly
// where no order exists; in histories whose reads do not tell the order of all versions,
// only where none exists.
func TestBruteForce(t *testing.T) {
	for name, f := range map[string]form{
		"lists, read in the end": {final: true}, "lists": {},
		"registers, updated": {registers: true, updates: true, final: true}, "registers": {registers: true, final: true},
		"registers, some updated": {registers: true, some: true, final: true},
	} {
		t.Run(name, func(t *testing.T) { againstBruteForce(t, f) })
	}
}

func againstBruteForce(t *testing.T, f form) {
	rng := testseed.Rand(t)
	runs, refuted, missed := 2000, map[Level]int{}, map[Level]int{}
	if testing.Short() {
		runs = 600
	}
	for run := range runs {
		all := someHistory(rng, 2+rng.IntN(6), f)
		h, err := NewHistory(all)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Check(h)
		if err != nil {
			t.Fatal(err)
		}
		final := f.final && !f.registers
		for level, possible := range map[Level]bool{
			Serializable:                   possible(all, final, func(b *brute) bool { return b.serial(anyOrder) }),
			StrongSessionSerializable:      possible(all, final, func(b *brute) bool { return b.serial(bySession) }),
			StrictSerializable:             possible(all, final, func(b *brute) bool { return b.serial(byTime) }),
			SnapshotIsolation:              possible(all, final, func(b *brute) bool { return b.snapshot(anyOrder) }),
			StrongSessionSnapshotIsolation: possible(all, final, func(b *brute) bool { return b.snapshot(bySession) }),
			StrongSnapshotIsolation:        possible(all, final, func(b *brute) bool { return b.snapshot(byTime) }),
		} {
			r := v.Of(level)
			if r.Refuted {
				refuted[level]++
			}
			if !r.Refuted && !possible {
				missed[level]++
			}
			if r.Refuted && possible || !r.Refuted && !possible && f.exact() {
				t.Fatalf("run %d: %s: refuted %v (%s), but possible %v:%s", run, level, r.Refuted, because(r), possible, written(all))
			}
		}
	}
	for _, level := range []Level{SnapshotIsolation, Serializable} {
		if n := refuted[level]; n == 0 || n > runs-runs/20 {
			t.Errorf("%s was refuted in %d of %d histories: they say nothing", level, n, runs)
		}
	}
	t.Logf("refuted: %v; impossible and not refuted: %v", refuted, missed)
}

func because(r Result) string {
	if r.By == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s: %s %v", r.By.Name, r.By.Text, r.By.Cycle)
}

// written shows a history, one transaction a line.
func written(all []Txn) string {
	s := ""
	for i, t := range all {
		s += fmt.Sprintf("\nT%d process %d [%d, %d] %s:", i, t.Process, t.Begin, t.End, t.Outcome)
		for _, o := range t.Ops {
			s += " " + o.String() + ";"
		}
	}
	return s
}
