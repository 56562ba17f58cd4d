package whitebox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
	"lsmlab/powerfail/isolation"
)

func parse(t *testing.T, text string) []isolation.Txn {
	t.Helper()
	all, err := isolation.ReadTxns(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestRules: each rule is broken by the history that is made for it, from its level on.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule string
		from isolation.Level // what has the rule: this level and those that imply it
		text string
	}{
		{"read", isolation.ReadUncommitted, `{"ops":[["w","x",1]],"read_lsn":0,"commit_lsn":1}
{"begin":1,"end":2,"ops":[["r","x",2]],"read_lsn":1}`},
		{"read", isolation.ReadUncommitted, `{"outcome":"aborted","ops":[["w","x",1]],"read_lsn":0}
{"ops":[["r","x",1]],"read_lsn":0}`},
		{"read", isolation.ReadUncommitted, `{"ops":[["w","x",1],["w","x",2]],"read_lsn":0,"commit_lsn":2}
{"begin":1,"end":2,"ops":[["r","x",1]],"read_lsn":2}`},
		{"read", isolation.ReadUncommitted, `{"ops":[["w","x",1],["r","x",null]],"read_lsn":0,"commit_lsn":1}`},
		{"read", isolation.ReadUncommitted, `{"ops":[["append","x",1],["append","x",2]],"read_lsn":0,"commit_lsn":2}
{"begin":1,"end":2,"ops":[["r","x",[1]]],"read_lsn":2}`},
		{"read", isolation.ReadUncommitted, `{"process":0,"begin":0,"end":9,"ops":[["append","x",2],["r","x",[2]]],"read_lsn":0,"commit_lsn":2}
{"process":1,"begin":0,"end":1,"ops":[["append","x",1]],"read_lsn":0,"commit_lsn":1}`},
		{"read", isolation.SnapshotIsolation, `{"ops":[["w","x",1]],"read_lsn":0,"commit_lsn":1}
{"begin":1,"end":2,"ops":[["r","x",null]],"read_lsn":1}`},
		{"read", isolation.SnapshotIsolation, `{"ops":[["append","x",1]],"read_lsn":0,"commit_lsn":1}
{"begin":1,"end":2,"outcome":"aborted","ops":[["r","x",[]]],"read_lsn":1}`},
		{"write conflict", isolation.SnapshotIsolation, `{"begin":0,"end":2,"ops":[["w","x",1]],"read_lsn":0,"commit_lsn":1}
{"process":1,"begin":1,"end":3,"ops":[["w","x",2]],"read_lsn":0,"commit_lsn":2}`},
		{"read conflict", isolation.Serializable, `{"begin":0,"end":2,"ops":[["w","x",1]],"read_lsn":0,"commit_lsn":1}
{"process":1,"begin":0,"end":3,"ops":[["r","x",null,"range"],["w","y",2]],"read_lsn":0,"commit_lsn":2}`},
		{"session", isolation.StrongSessionSnapshotIsolation, `{"begin":0,"end":2,"ops":[["w","x",1]],"read_lsn":0,"commit_lsn":1}
{"begin":3,"end":4,"ops":[["r","x",null]],"read_lsn":0}`},
		{"time", isolation.StrongSnapshotIsolation, `{"process":1,"begin":0,"end":2,"ops":[["w","x",1]],"read_lsn":0,"commit_lsn":1}
{"process":2,"begin":3,"end":4,"ops":[["r","x",null]],"read_lsn":0}`},
		{"order", isolation.ReadUncommitted, `{"ops":[["w","x",1],["w","y",1]],"read_lsn":0,"commit_lsn":2}
{"begin":1,"end":2,"ops":[["w","x",2]],"read_lsn":0,"commit_lsn":1}`},
		{"order", isolation.ReadUncommitted, `{"ops":[["w","x",1],["w","y",1]],"read_lsn":1,"commit_lsn":2}`},
		{"order", isolation.ReadUncommitted, `{"ops":[["w","x",1]],"read_lsn":1}`},
		{"order", isolation.ReadUncommitted, `{"ops":[["r","x",null]],"read_lsn":0,"commit_lsn":1}`},
	} {
		for _, l := range isolation.Levels() {
			serializable := l.Implies(isolation.RepeatableRead)
			has := l.Implies(c.from) || serializable && isolation.Serializable.Implies(c.from)
			if c.rule == "write conflict" {
				has = has && !serializable
			}
			a, err := Check(parse(t, c.text), l)
			if err != nil {
				t.Fatal(err)
			}
			if has != (a != nil) || l == c.from && a.Name != "by LSNs: "+c.rule {
				t.Errorf("%s at %s: %+v\n%s", c.rule, l, a, c.text)
			}
		}
	}
}

// TestNoLSNs: what has no LSNs is refused, unless it makes no difference.
func TestNoLSNs(t *testing.T) {
	for text, judged := range map[string]bool{
		`{"ops":[["r","x",null]]}`:                                                    false,
		`{"outcome":"unknown","ops":[["w","x",1]]}`:                                   false,
		`{"outcome":"unknown","ops":[["w","x",1]],"read_lsn":0}`:                      false,
		`{"outcome":"unknown","ops":[["w","x",1]],"read_lsn":0,"commit_lsn":1}`:       true,
		`{"outcome":"unknown","ops":[["r","x",1]]}`:                                   true,
		`{"outcome":"aborted","ops":[["w","x",1]]}`:                                   true,
		`{"outcome":"aborted","ops":[["w","x",1],["r","x",1]],"read_lsn":7}`:          true,
		`{"outcome":"committed","ops":[["w","x",1]],"read_lsn":3,"commit_lsn":9}`:     true,
		`{"outcome":"committed","ops":[["append","x",1],["r","x",[1]]],"read_lsn":0}`: true, // and it has no commit LSN
	} {
		if _, err := Check(parse(t, text), isolation.StrictSerializable); judged != (err == nil) || !judged && !errors.Is(err, ErrNoLSNs) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestAgreement draws histories of stores of all levels, some of which are wrong now and
// then, and changes some afterwards. Whatever level the other judge refutes, this one
// refutes; and of a store without a fault neither refutes the level that it gives.
func TestAgreement(t *testing.T) {
	rng := testseed.Rand(t)
	runs := 6_000
	if testing.Short() {
		runs = 1_500
	}
	var black, white [9]int
	for run := range runs {
		level := []isolation.Level{isolation.ReadCommitted, isolation.StrongSnapshotIsolation, isolation.StrictSerializable}[run%3]
		wrong := float64(run%4) * 0.02
		all := makeHistory(rng, 2+rng.IntN(9), level, rng.IntN(2) == 0, wrong)
		changed := rng.IntN(3) == 0 && change(rng, all)
		h, err := isolation.NewHistory(all)
		if err != nil {
			t.Fatal(err)
		}
		v, err := isolation.Check(h)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range isolation.Levels() {
			a, err := Check(all, l)
			if err != nil {
				t.Fatal(err)
			}
			r := v.Of(l)
			if r.Refuted {
				black[l]++
			}
			if a != nil {
				white[l]++
			}
			if r.Refuted && a == nil {
				t.Fatalf("run %d: %s is refuted by %+v, and not by LSNs:%s", run, l, *r.By, shown(all))
			}
			// A serializable store may let blind writers of a key overlap.
			given := level.Implies(l) && (l <= isolation.ReadCommitted || l.Implies(isolation.RepeatableRead) == level.Implies(isolation.RepeatableRead))
			if wrong == 0 && !changed && (given && a != nil || level.Implies(l) && r.Refuted) {
				t.Fatalf("run %d: a store of %s: %s is refuted, by LSNs %+v, without them %+v:%s", run, level, l, a, r.By, shown(all))
			}
		}
	}
	for _, l := range isolation.Levels() {
		t.Logf("%-35s refuted %d, by LSNs %d of %d", l, black[l], white[l], runs)
		if black[l] < runs/200 || white[l] > runs-runs/10 {
			t.Errorf("%s: the histories say nothing", l)
		}
	}
}

// change changes one read or LSN of a history and says whether there was one.
func change(rng *rand.Rand, all []isolation.Txn) bool {
	t := &all[rng.IntN(len(all))]
	if rng.IntN(2) == 0 || len(t.Ops) == 0 {
		t.LSNs.Read += uint64(rng.IntN(3))
		return true
	}
	switch o := &t.Ops[rng.IntN(len(t.Ops))]; o.Kind {
	case isolation.ReadValue:
		o.Absent, o.Value = rng.IntN(4) == 0, rng.Int64N(20)
		return true
	case isolation.ReadList:
		if len(o.List) > 0 {
			o.List = o.List[:rng.IntN(len(o.List))]
			return true
		}
	}
	return false
}

func shown(all []isolation.Txn) string {
	s := "\n"
	for i, t := range all {
		s += fmt.Sprintf("T%d %s", i, isolation.AppendJSON(nil, t))
	}
	return s
}
