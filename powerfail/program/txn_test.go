package program

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/testseed"
)

// runOn runs a program on an engine that outlives its openings, and counts.
func runOn(p *Program, e kv.Engine) (acked, aborted int, err error) {
	r := Runner{
		Open:  func() (kv.Engine, error) { return staying{e, e.(kv.Transactor)}, nil },
		Ack:   func(int) { acked++ },
		Abort: func(int) { aborted++ },
	}
	err = r.Run(p)
	return acked, aborted, err
}

// staying is an engine that is not closed.
type staying struct {
	kv.Engine
	kv.Transactor
}

func (staying) Close() error { return nil }

// A sound engine passes every program, and programs have commits and transactions that
// apply nothing, at each level.
func TestTxns(t *testing.T) {
	seed := testseed.New(t)
	for _, level := range kv.Isolations() {
		acks, aborts := 0, 0
		for i := range uint64(100) {
			p := Generate(seed+i, Shape{Durability: kv.Synced, Levels: []kv.Isolation{level}})
			acked, aborted, err := runOn(p, kvtest.NewModel())
			if err != nil {
				t.Fatalf("%v\n%v", err, p)
			}
			acks, aborts = acks+acked, aborts+aborted
		}
		if acks < 4000 || aborts < 200 {
			t.Errorf("%v: %d writes applied and %d transactions not, want more", level, acks, aborts)
		}
	}
}

// An engine that refuses one step in five for now, having applied a write or not, is sound:
// its program goes on, and no transaction conflicts, or commits, wrongly.
func TestTxnsRefused(t *testing.T) {
	seed := testseed.New(t)
	for i := range uint64(300) {
		level := kv.Isolations()[i%3]
		p := Generate(seed+i, Shape{Durability: kv.Synced, Levels: []kv.Isolation{level}})
		e := &short{Model: kvtest.NewModel(), rand: rand.New(rand.NewPCG(seed, i))}
		r := Runner{
			Open:    func() (kv.Engine, error) { return staying{e, e}, nil },
			Refused: func(int, bool) { e.refused++ },
		}
		if err := r.Run(p); err != nil {
			t.Fatalf("%v\n%v", err, p)
		}
		if e.refused == 0 {
			t.Errorf("seed %d: nothing was refused", seed+i)
		}
	}
}

// A delete of an absent key that is refused leaves no trace. The transaction beside it may
// commit, and may conflict.
func TestRefusedWithoutTrace(t *testing.T) {
	p, err := Parse(`lsmlab program 1
open synced
w0 txn 8 begin serializable
w0 txn 8 del w0-12
w0 txn 6 begin snapshot
w0 txn 6 set w0-12 87
w0 txn 8 commit synced
w0 txn 6 commit synced
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, applied := range []bool{false, true} {
		e := &short{Model: kvtest.NewModel(), rand: rand.New(rand.NewPCG(1, 1)), commit: func(do func() error) error {
			if applied {
				return errors.Join(do(), kv.ErrExhausted)
			}
			return kv.ErrExhausted
		}}
		r := Runner{
			Open:    func() (kv.Engine, error) { return staying{e, e}, nil },
			Refused: func(int, bool) { e.refused, e.commit = e.refused+1, nil },
		}
		if err := r.Run(p); err != nil || e.refused == 0 {
			t.Errorf("applied %t: %v, %d refused", applied, err, e.refused)
		}
	}
}

// An engine that keeps the state of a transaction for a time only is sound: whatever a
// transaction that is too old does, it fails and leaves nothing, and the program goes on.
func TestTxnsTooOld(t *testing.T) {
	seed := testseed.New(t)
	aged, aborts := 0, 0
	for i := range uint64(100) {
		p := Generate(seed+i, Shape{Durability: kv.Synced, Levels: []kv.Isolation{kv.Isolations()[i%3]}})
		e := &forgetful{Model: kvtest.NewModel(), rand: rand.New(rand.NewPCG(seed, i))}
		r := Runner{
			Open:  func() (kv.Engine, error) { return staying{e, e}, nil },
			Abort: func(int) { aborts++ },
		}
		if err := r.Run(p); err != nil {
			t.Fatalf("%v\n%v", err, p)
		}
		aged += e.aged
	}
	if aged < 100 || aborts < aged/4 {
		t.Errorf("%d transactions were too old, %d left nothing", aged, aborts)
	}
}

// forgetful is an engine whose transactions get too old by chance.
type forgetful struct {
	*kvtest.Model
	rand *rand.Rand
	aged int
}

func (e *forgetful) Begin(o kv.TxnOptions) (kv.Txn, error) {
	x, err := e.Model.Begin(o)
	return &forgotten{Txn: x, of: e}, err
}

type forgotten struct {
	kv.Txn
	of  *forgetful
	old bool
}

// age says that the transaction is too old from now on, or does what is asked.
func (x *forgotten) age(do func() error) error {
	if !x.old && x.of.rand.IntN(10) > 0 {
		return do()
	}
	if !x.old {
		x.old = true
		x.of.aged++
	}
	return kv.ErrSnapshotTooOld
}

func (x *forgotten) Get(dst, key []byte) (v []byte, err error) {
	err = x.age(func() (err error) { v, err = x.Txn.Get(dst, key); return err })
	return v, err
}

func (x *forgotten) Set(key, value []byte) error {
	return x.age(func() error { return x.Txn.Set(key, value) })
}

func (x *forgotten) Delete(key []byte) error {
	return x.age(func() error { return x.Txn.Delete(key) })
}

func (x *forgotten) Commit(d kv.Durability) error {
	err := x.age(func() error { return x.Txn.Commit(d) })
	if x.old {
		x.Txn.Discard()
	}
	return err
}

// short has too little of something now and then.
type short struct {
	*kvtest.Model
	rand    *rand.Rand
	refused int
	commit  func(do func() error) error // in place of refuse, for the next
}

// refuse does, or does not do, what is then refused.
func (e *short) refuse(do func() error) error {
	switch e.rand.IntN(10) {
	case 0:
		return kv.ErrExhausted
	case 1:
		return errors.Join(do(), kv.ErrExhausted)
	}
	return do()
}

func (e *short) Apply(b *kv.Batch, d kv.Durability) error {
	return e.refuse(func() error { return e.Model.Apply(b, d) })
}

func (e *short) Begin(o kv.TxnOptions) (kv.Txn, error) {
	x, err := e.Model.Begin(o)
	return &shortTxn{x, e}, err
}

type shortTxn struct {
	kv.Txn
	engine *short
}

func (x *shortTxn) Commit(d kv.Durability) error {
	var conflict error
	refuse := x.engine.refuse
	if x.engine.commit != nil {
		refuse = x.engine.commit
	}
	err := refuse(func() error {
		if err := x.Txn.Commit(d); errors.Is(err, kv.ErrConflict) {
			conflict = err
		} else {
			return err
		}
		return nil
	})
	if conflict != nil {
		return conflict
	}
	return err
}

// An unchecked engine gives every transaction the level read committed, or with snapshots
// the level snapshot isolation.
type unchecked struct {
	*kvtest.Model
	level kv.Isolation
}

func (e unchecked) Begin(o kv.TxnOptions) (kv.Txn, error) {
	o.Isolation = min(o.Isolation, e.level)
	return e.Model.Begin(o)
}

// zealous meets conflicts without a reason.
type zealous struct{ *kvtest.Model }

func (e zealous) Begin(o kv.TxnOptions) (kv.Txn, error) {
	x, err := e.Model.Begin(o)
	return refusing{x}, err
}

type refusing struct{ kv.Txn }

func (t refusing) Commit(kv.Durability) error { t.Discard(); return kv.ErrConflict }

// applying commits what is discarded.
type applying struct{ *kvtest.Model }

func (e applying) Begin(o kv.TxnOptions) (kv.Txn, error) {
	x, err := e.Model.Begin(o)
	return committing{x}, err
}

type committing struct{ kv.Txn }

func (t committing) Discard() { _ = t.Commit(kv.Volatile) }

// Each engine that breaks its isolation is found out, by the words for what it did.
func TestTxnsBroken(t *testing.T) {
	const top = "lsmlab program 1\nopen synced\n"
	for _, c := range []struct {
		name, steps, want string
		engine            kv.Engine
	}{
		{"a read of another state", "w0 txn 1 begin snapshot\nw0 synced set a 3\nw0 txn 1 get a", `key "a" shows "1.0", want nothing`, unchecked{kvtest.NewModel(), kv.ReadCommitted}},
		{"a scan of another state", "w0 txn 1 begin snapshot\nw0 synced set a 3\nw0 txn 1 scan a b", `a scan shows key "a"`, unchecked{kvtest.NewModel(), kv.ReadCommitted}},
		{"a key that is gone", "w0 synced set a 3\nw0 txn 1 begin snapshot\nw0 synced del a\nw0 txn 1 scan a b", `a scan does not show key "a"`, unchecked{kvtest.NewModel(), kv.ReadCommitted}},
		{"a lost update", "w0 txn 1 begin snapshot\nw0 synced set a 3\nw0 txn 1 set a 4\nw0 txn 1 commit synced", "it committed", unchecked{kvtest.NewModel(), kv.ReadCommitted}},
		{"write skew", "w0 txn 1 begin serializable\nw0 txn 1 get a\nw0 synced set a 3\nw0 txn 1 set b 4\nw0 txn 1 commit synced", "it committed", unchecked{kvtest.NewModel(), kv.SnapshotIsolation}},
		{"a phantom", "w0 txn 1 begin serializable\nw0 txn 1 scan a b\nw0 synced set a1 3\nw0 txn 1 set b 4\nw0 txn 1 commit synced", "it committed", unchecked{kvtest.NewModel(), kv.SnapshotIsolation}},
		{"a false conflict", "w0 txn 1 begin serializable\nw0 synced set a 3\nw0 txn 1 set b 4\nw0 txn 1 commit synced", "nobody wrote", zealous{kvtest.NewModel()}},
		{"a discard that applies", "w0 txn 1 begin snapshot\nw0 txn 1 set a 3\nw0 txn 1 discard\nw0 txn 2 begin snapshot\nw0 txn 2 get a", "want nothing", applying{kvtest.NewModel()}},
	} {
		p, err := Parse(top + c.steps)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := runOn(p, c.engine); !errors.Is(err, ErrIsolation) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if _, _, err := runOn(p, kvtest.NewModel()); err != nil {
			t.Errorf("%s, by a sound engine: %v", c.name, err)
		}
	}
}
