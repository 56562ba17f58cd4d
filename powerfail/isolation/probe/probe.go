package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/whitebox"
)

// promise returns what the contract of transactions promises for a level. All reads see
// what was committed before Begin, so levels from snapshot isolation on are those that
// respect real time.
func promise(level kv.Isolation) isolation.Level {
	switch level {
	case kv.ReadCommitted:
		return isolation.ReadCommitted
	case kv.SnapshotIsolation:
		return isolation.StrongSnapshotIsolation
	default:
		return isolation.StrictSerializable
	}
}

// Way is how a script is run.
type Way string

// The ways.
const (
	Stepwise Way = "stepwise"
	Parallel Way = "parallel"
)

// Options say how much is tried. The zero value tries the fixed scripts alone.
type Options struct {
	Seed    uint64
	Scripts int // random ones, of each form and in each way
	// Each, if set, is given every history as it was judged, before the next script.
	Each func(Trial)
}

// Trial is one script and what it showed.
type Trial struct {
	Script  *Script
	Way     Way
	History []isolation.Txn
	Verdict isolation.Verdict

	Promised isolation.Level // by the store
	// HasLSNs says that the store tells LSNs, so a second judge went by them. ByLSNs is
	// what that one has against the promise, or nil.
	HasLSNs bool
	ByLSNs  *isolation.Anomaly
}

// Against returns the evidence against what the store promises, or nil.
func (t *Trial) Against() *isolation.Anomaly { return cmp.Or(t.Verdict.Of(t.Promised).By, t.ByLSNs) }

// Disagreed says whether the judge that goes by LSNs finds nothing where the other one
// does. Then one of the judges is wrong, or the LSNs are.
func (t *Trial) Disagreed() bool {
	return t.HasLSNs && t.ByLSNs == nil && t.Verdict.Of(t.Promised).Refuted
}

// Cell is what was found out of a store at one level.
type Cell struct {
	Promised  isolation.Level `json:"promised"`
	OneWriter bool            `json:"one_writer"` // transactions that write wait for each other
	Scripts   int             `json:"scripts"`
	Txns      int             `json:"txns"`
	Committed int             `json:"committed"`
	Conflicts int             `json:"conflicts"` // transactions that did not commit, those discarded on purpose included
	// Found are the strongest levels that no history refutes.
	Found []isolation.Level `json:"found"`
	// Anomalies are the names of what refutes a level, or by LSNs the one that is promised,
	// with the number of scripts.
	Anomalies map[string]int `json:"anomalies"`
	// Refuting is how many scripts refute the level that is promised, for one judge at least.
	Refuting int `json:"refuting"`
	// JudgedByLSNs is how many histories the second judge had, RefutingByLSNs how many of
	// them refute the promise for it, and Disagreed how many do for the first judge alone.
	JudgedByLSNs   int `json:"judged_by_lsns"`
	RefutingByLSNs int `json:"refuting_by_lsns"`
	Disagreed      int `json:"disagreed"`
}

// Sound says whether nothing refutes what was promised.
func (c *Cell) Sound() bool { return c.Refuting == 0 }

// Probe runs the fixed scripts and random ones on a store. found is given each trial that
// refutes what the store promises; it may run more scripts on the store. An error is one
// of the store, or that ctx has ended.
func Probe(ctx context.Context, s *Store, o Options, found func(Trial) error) (Cell, error) {
	c := Cell{Promised: promise(s.Isolation), OneWriter: s.oneWriter, Anomalies: map[string]int{}}
	refuted := make([]bool, len(isolation.Levels()))
	for script, way := range o.trials() {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		t, err := s.Try(script, way)
		if err != nil {
			return c, err
		}
		c.add(&t, refuted)
		if o.Each != nil {
			o.Each(t)
		}
		if t.Against() != nil {
			c.Refuting++
			if err := found(t); err != nil {
				return c, err
			}
		}
	}
	c.Found = strongest(refuted)
	return c, nil
}

// trials yields all scripts with the way in which each is run.
func (o *Options) trials() func(yield func(*Script, Way) bool) {
	return func(yield func(*Script, Way) bool) {
		for _, s := range hermitageScripts() {
			if !yield(s, Stepwise) {
				return
			}
		}
		for i := range o.Scripts {
			for _, form := range []form{Updates, Mixed} {
				s := random(form, o.Seed+uint64(i))
				if !yield(s, Stepwise) || !yield(s, Parallel) {
					return
				}
			}
		}
	}
}

// Try runs a script and judges what its sessions saw.
func (s *Store) Try(script *Script, way Way) (Trial, error) {
	t := Trial{Script: script, Way: way, Promised: promise(s.Isolation)}
	var err error
	if way == Parallel {
		t.History, err = s.parallel(script)
	} else {
		t.History, err = s.stepwise(script)
	}
	if err != nil {
		return t, err
	}
	h, err := isolation.NewHistory(t.History)
	if err != nil {
		return t, fmt.Errorf("%s: %w", script.Name, err)
	}
	if t.Verdict, err = isolation.Check(h); err != nil {
		return t, fmt.Errorf("%s: %w", script.Name, err)
	}
	t.ByLSNs, err = whitebox.Check(t.History, t.Promised)
	if t.HasLSNs = err == nil; errors.Is(err, whitebox.ErrNoLSNs) {
		err = nil
	}
	return t, err
}

// add counts a trial.
func (c *Cell) add(t *Trial, refuted []bool) {
	c.Scripts++
	c.Txns += len(t.History)
	for _, txn := range t.History {
		if txn.Outcome == isolation.Committed {
			c.Committed++
		} else {
			c.Conflicts++
		}
	}
	if t.HasLSNs {
		c.JudgedByLSNs++
	}
	names := map[string]bool{}
	if t.ByLSNs != nil {
		c.RefutingByLSNs++
		names[t.ByLSNs.Name] = true
	}
	if t.Disagreed() {
		c.Disagreed++
	}
	for i, r := range t.Verdict.Levels {
		if r.Refuted {
			refuted[i] = true
			names[r.By.Name] = true
		}
	}
	for name := range maps.Keys(names) {
		c.Anomalies[name]++
	}
}

// strongest returns the levels that are not refuted and that no other such implies.
func strongest(refuted []bool) []isolation.Level {
	v := isolation.Verdict{}
	for l, r := range refuted {
		v.Levels = append(v.Levels, isolation.Result{Level: isolation.Level(l), Refuted: r})
	}
	return v.Strongest()
}

// mostShrinks bounds the scripts that Shrink tries.
const mostShrinks = 2000

// Shrink makes a script that refutes what the store promises step by step smaller, as long
// as it still does, for the same judge: first by whole transactions and then by single
// steps. It returns the last trial that did; without one, t.
func (s *Store) Shrink(t Trial) Trial {
	if t.Way != Stepwise {
		return t
	}
	tries := 0
	for _, cut := range []func(*Script, int) *Script{(*Script).withoutTxn, (*Script).withoutStep} {
		for smaller := true; smaller; {
			smaller = false
			for i := 0; i < len(t.Script.Steps) && tries < mostShrinks; i++ {
				less := cut(t.Script, i)
				if less == nil {
					continue
				}
				tries++
				if again, err := s.Try(less, Stepwise); err == nil && again.refutesAs(&t) {
					t, smaller = again, true
					i--
				}
			}
		}
	}
	return t
}

// refutesAs says whether the judge that refutes the promise for o refutes it for t, and
// the other one agrees with it, or does not, as it did.
func (t *Trial) refutesAs(o *Trial) bool {
	if first := o.Verdict.Of(o.Promised).Refuted; first {
		return t.Verdict.Of(t.Promised).Refuted && t.Disagreed() == o.Disagreed()
	}
	return t.ByLSNs != nil
}

// withoutTxn returns the script without the transaction, or the plain write, that begins
// with step i; nil if none does or nothing would be left.
func (s *Script) withoutTxn(i int) *Script {
	st := s.Steps[i]
	if st.Verb != Begin && st.Verb != BeginRO && st.Verb != Plain {
		return nil
	}
	less := &Script{Name: s.Name}
	ended := st.Verb == Plain
	for j, other := range s.Steps {
		inside := j >= i && other.Session == st.Session && (j == i || !ended)
		if !inside {
			less.Steps = append(less.Steps, other)
		} else if j > i {
			ended = other.Verb == Commit || other.Verb == Discard
		}
	}
	if len(less.Steps) == 0 {
		return nil
	}
	return less
}

// withoutStep returns the script without step i; nil if that begins or ends a transaction.
func (s *Script) withoutStep(i int) *Script {
	switch s.Steps[i].Verb {
	case Begin, BeginRO, Commit, Discard, Plain:
		return nil
	}
	return &Script{Name: s.Name, Steps: slices.Delete(slices.Clone(s.Steps), i, i+1)}
}
