package whitebox

import (
	"math/rand/v2"
	"slices"

	"lsmlab/powerfail/isolation"
)

// store makes histories as a store with versions does, step by step, at one level, and
// tells LSNs as that store would. Now and then it does something wrong: wrong is how
// likely each step is that.
type store struct {
	rng   *rand.Rand
	level isolation.Level
	lists bool
	wrong float64

	lsn      uint64
	clock    int64
	value    int64
	versions map[string][]version
	running  []*running // of each process, or nil
	history  []isolation.Txn
}

type running struct {
	isolation.Txn

	own map[string][]int64
}

func (s *store) errs() bool { return s.rng.Float64() < s.wrong }

// makeHistory returns a history of about n transactions of a few processes.
func makeHistory(rng *rand.Rand, n int, level isolation.Level, lists bool, wrong float64) []isolation.Txn {
	s := &store{rng: rng, level: level, lists: lists, wrong: wrong, versions: map[string][]version{}, running: make([]*running, 1+rng.IntN(4))}
	for len(s.history) < n {
		s.clock++
		p := rng.IntN(len(s.running))
		if t := s.running[p]; t == nil {
			s.running[p] = s.begin(p)
		} else {
			s.step(t)
		}
	}
	return s.history
}

func (s *store) begin(process int) *running {
	t := &running{Txn: isolation.Txn{Process: process, Begin: s.clock}, own: map[string][]int64{}}
	t.LSNs = isolation.LSNs{Known: true, Read: s.lsn}
	if s.errs() {
		t.LSNs.Read = s.rng.Uint64N(s.lsn + 1)
	}
	return t
}

func (s *store) step(t *running) {
	key := string('x' + rune(s.rng.IntN(3)))
	switch s.rng.IntN(8) {
	case 0, 1, 2:
		s.read(t, key)
	case 3, 4:
		s.write(t, key)
	case 5:
		s.read(t, key)
		s.write(t, key)
	default:
		s.end(t)
	}
}

func (s *store) write(t *running, key string) {
	s.value++
	t.own[key] = append(t.own[key], s.value)
	o := isolation.Op{Kind: isolation.Write, Key: key, Value: s.value}
	if s.lists {
		o.Kind = isolation.Append
	}
	t.Ops = append(t.Ops, o)
}

func (s *store) read(t *running, key string) {
	if s.level <= isolation.ReadCommitted {
		if s.lists && len(t.own[key]) > 0 {
			return // others may append before it commits, and then it saw a list that never was
		}
		t.LSNs.Read = s.lsn
	}
	at := t.LSNs.Read
	if s.errs() {
		at = s.rng.Uint64N(s.lsn + 1)
	}
	var seen []int64
	for _, v := range s.versions[key] {
		if v.lsn <= at {
			seen = append(seen, v.values...)
		}
	}
	if !s.errs() {
		seen = append(seen, t.own[key]...)
	}
	if other := s.running[s.rng.IntN(len(s.running))]; other != nil && s.errs() { // a dirty read
		seen = append(seen, other.own[key]...)
	}
	o := isolation.Op{Kind: isolation.ReadList, Key: key, List: seen, Range: s.rng.IntN(2) == 0}
	if !s.lists {
		o = isolation.Op{Kind: isolation.ReadValue, Key: key, Absent: len(seen) == 0, Range: o.Range}
		if !o.Absent {
			o.Value = seen[len(seen)-1]
		}
	}
	t.Ops = append(t.Ops, o)
}

// end commits or aborts a transaction.
func (s *store) end(t *running) {
	s.running[t.Process] = nil
	t.End = s.clock
	n := writes(&t.Txn)
	switch {
	case s.rng.IntN(10) == 0, s.conflicts(t):
		t.Outcome = isolation.Aborted
	case n > 0:
		t.LSNs.Commit = s.lsn + n
	}
	if n > 0 && (t.Outcome == isolation.Committed || s.errs()) { // which applies what was aborted
		s.lsn += n
		torn := uint64(0)
		if s.errs() { // a part is visible earlier
			torn = 1
		}
		for key, values := range t.own {
			s.versions[key] = append(s.versions[key], version{lsn: s.lsn - torn, values: values})
			torn = 0
		}
	}
	if t.Outcome == isolation.Committed && n > 0 && s.rng.IntN(10) == 0 {
		t.Outcome = isolation.Unknown // its client heard no answer
	}
	s.history = append(s.history, t.Txn)
}

// conflicts says whether the level forbids the commit; at times it does not look.
func (s *store) conflicts(t *running) bool {
	return s.level > isolation.ReadCommitted && writes(&t.Txn) > 0 && slices.ContainsFunc(t.Ops, func(o isolation.Op) bool {
		return isWrite(&o) != s.level.Implies(isolation.Serializable) && s.changed(t, o.Key) && !s.errs()
	})
}

// changed says whether somebody wrote a key after t read.
func (s *store) changed(t *running, key string) bool {
	all := s.versions[key]
	return len(all) > 0 && all[len(all)-1].lsn > t.LSNs.Read
}
