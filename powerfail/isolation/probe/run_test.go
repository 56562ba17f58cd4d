package probe

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/testseed"
	"lsmlab/powerfail/isolation"
)

// TestScripts writes scripts and reads them again, and draws the same of the same seed.
func TestScripts(t *testing.T) {
	seed := testseed.New(t)
	all := hermitageScripts()
	for i := range uint64(50) {
		for _, f := range []form{Updates, Mixed} {
			s := random(f, seed+i)
			if !reflect.DeepEqual(s, random(f, seed+i)) {
				t.Fatalf("%s is another the second time", s.Name)
			}
			all = append(all, s)
		}
	}
	for _, s := range all {
		if again, err := ParseScript(s.String()); err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%s: %v\n%s", s.Name, err, s)
		}
	}
	for text, want := range map[string]string{
		"":                         "no step",
		"1":                        "a session and a verb",
		"x begin":                  `session "x"`,
		"1 start":                  `verb "start"`,
		"1 begin\n1 r":             "line 2, \"1 r\": 2 words",
		"1 begin\n1 w x y":         `value "y"`,
		"1 begin\n1 begin":         "has a transaction",
		"1 r x":                    "within one",
		"1 begin\n1 plain x 1":     "outside",
		"1 begin\n1 plain x 1 y z": "6 words",
		"1001 begin":               "0 to 1000",
	} {
		if _, err := ParseScript(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// locking is a model whose writers wait for each other: all of them at Begin, or those
// of one key at Set.
type locking struct {
	*kvtest.Model

	all  *sync.Mutex // nil: at Set
	mu   sync.Mutex
	keys map[string]*sync.Mutex
}

func (l *locking) Apply(b *kv.Batch, d kv.Durability) error {
	_, err := l.ApplyLSN(b, d)
	return err
}

func (l *locking) ApplyLSN(b *kv.Batch, d kv.Durability) (uint64, error) {
	if l.all != nil {
		l.all.Lock()
		defer l.all.Unlock()
	} else {
		for ops := b.Ops(); ops.Next(); {
			m := l.key(ops.Key)
			m.Lock()
			defer m.Unlock()
		}
	}
	return l.Model.ApplyLSN(b, d)
}

// key returns the lock of a key.
func (l *locking) key(key []byte) *sync.Mutex {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.keys[string(key)]
	if m == nil {
		m = &sync.Mutex{}
		l.keys[string(key)] = m
	}
	return m
}

func (l *locking) Begin(o kv.TxnOptions) (kv.Txn, error) {
	locks := l.all != nil && !o.ReadOnly
	if locks {
		l.all.Lock()
	}
	t, err := l.Model.Begin(o)
	x := &lockingTxn{Txn: t, l: l}
	if locks {
		x.held = append(x.held, l.all)
	}
	return x, err
}

type lockingTxn struct {
	kv.Txn

	l    *locking
	held []*sync.Mutex
}

func (x *lockingTxn) Set(key, value []byte) error {
	if x.l.all == nil {
		m := x.l.key(key)
		m.Lock()
		x.held = append(x.held, m)
	}
	return x.Txn.Set(key, value)
}

func (x *lockingTxn) release() {
	for _, m := range x.held {
		m.Unlock()
	}
	x.held = nil
}

func (x *lockingTxn) Commit(d kv.Durability) error {
	defer x.release()
	return x.Txn.Commit(d)
}

func (x *lockingTxn) Discard() {
	x.Txn.Discard()
	x.release()
}

// TestOneWriter probes a store that has one writer at a time: sessions wait, make up for
// what they missed, and all that is seen is serial. A script gives the same each time.
func TestOneWriter(t *testing.T) {
	seed := testseed.New(t)
	e := &locking{Model: kvtest.NewModel(), all: &sync.Mutex{}}
	c, found := probe(t, e, kv.Serializable, 40, seed)
	if !c.OneWriter || len(found) > 0 || isolation.Names(c.Found) != "strict serializable" || c.Anomalies["G2-item"] > 0 {
		t.Errorf("one writer %v, found %v, %d findings", c.OneWriter, c.Found, len(found))
	}
	s, err := New(&locking{Model: kvtest.NewModel(), all: &sync.Mutex{}}, kv.Serializable, kv.Volatile)
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(20) {
		script := random(Mixed, seed+i)
		first, err := s.stepwise(script)
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.stepwise(script)
		for _, all := range [][]isolation.Txn{first, second} {
			for i := range all {
				all[i].LSNs = isolation.LSNs{} // the store counts on
			}
		}
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%s is another the second time, %v:\n%v\n%v", script.Name, err, first, second)
		}
		if n := transactions(script) + 1; len(first) != n {
			t.Errorf("%s: %d transactions were written down, want %d", script.Name, len(first), n)
		}
	}
}

// transactions counts those of a script.
func transactions(s *Script) (n int) {
	for _, st := range s.Steps {
		if st.Verb == Begin || st.Verb == BeginRO || st.Verb == Plain {
			n++
		}
	}
	return n
}

// TestWaitsAtSet: a session waits within a transaction, for another to end, and then makes
// the steps that it missed.
func TestWaitsAtSet(t *testing.T) {
	s, err := New(&locking{Model: kvtest.NewModel(), keys: map[string]*sync.Mutex{}}, kv.ReadCommitted, kv.Volatile)
	if err != nil {
		t.Fatal(err)
	}
	script, err := ParseScript("1 begin\n2 begin\n1 w x 1\n2 w x 2\n2 w y 2\n1 w z 1\n1 commit\n2 commit")
	if err != nil {
		t.Fatal(err)
	}
	history, err := s.stepwise(script)
	if err != nil || len(history) != 3 || history[0].Process != 1 || history[1].Process != 2 || history[1].Outcome != isolation.Committed || len(history[1].Ops) != 2 {
		t.Errorf("%v: %+v", err, history)
	}
}

// TestPlainWaits: a write without a transaction waits for the lock of its key. What was
// read of the key before the wait is not what it overwrites, and does not count.
func TestPlainWaits(t *testing.T) {
	s, err := New(&locking{Model: kvtest.NewModel(), keys: map[string]*sync.Mutex{}}, kv.SnapshotIsolation, kv.Volatile)
	if err != nil {
		t.Fatal(err)
	}
	script, err := ParseScript("1 begin\n1 u x 1\n2 plain x 2\n1 commit")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // each waits for patience
		trial, err := s.Try(script, Stepwise)
		if err != nil || trial.Against() != nil {
			t.Fatalf("%v: %+v\n%+v", err, trial.Against(), trial.History)
		}
		if plain := trial.History[1]; plain.Process == 2 { // it ended after the transaction
			if len(plain.Ops) != 1 {
				t.Errorf("the write that waited is %+v, want it alone", plain)
			}
			return
		} // a session that the machine delays may let the other pass
	}
	t.Error("the write never waited")
}

// TestShrink makes the scripts smaller that show a phantom: what is left is two
// transactions that each read a range and write into it, or what shows the same.
func TestShrink(t *testing.T) {
	s, err := New(newToy(phantom), kv.Serializable, kv.Volatile)
	if err != nil {
		t.Fatal(err)
	}
	seed, shown := testseed.New(t), 0
	for i := uint64(0); shown < 3; i++ {
		trial, err := s.Try(random(Mixed, seed+i), Stepwise)
		if err != nil {
			t.Fatal(err)
		}
		if !trial.Verdict.Of(isolation.StrictSerializable).Refuted {
			continue
		}
		shown++
		small := s.Shrink(trial)
		if len(small.Script.Steps) > 14 || !small.Verdict.Of(isolation.StrictSerializable).Refuted {
			t.Errorf("%d steps became %d:\n%s", len(trial.Script.Steps), len(small.Script.Steps), small.Script)
		}
	}
}
