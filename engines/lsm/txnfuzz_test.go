package lsm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/memtable/variants"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// FuzzTxn interleaves transactions of one isolation level and plain writes, range deletes
// among them, on one goroutine, over every MemTable. Serializable ones that committed, and the contents in the
// end, must be those of some serial order (all are tried). Under snapshot isolation each
// read must be of the state of its begin, under read committed of the newest one. A
// conflict needs a reason at every level, and two snapshot transactions that wrote a key
// at the same time must not both commit. A commit may have a plain write between the two
// phases of its check.
func FuzzTxn(f *testing.F) {
	for level := range byte(3) {
		// Two transactions read what the other one writes; then a long reader over flushes.
		f.Add([]byte{level, level, 0, 0, 0x02, 0, 1, 0x12, 0, 2, 0x06, 0, 2, 0x16, 1, 1, 0x0b, 0, 0x0b, 0})
		f.Add([]byte{level, level, 0x0f, 1, 0, 0x05, 0, 0x0f, 1, 0x9f, 0x0f, 1, 0x9f, 0xff, 0x05, 0, 0x02, 0, 1, 0x0b, 0})
		f.Add([]byte{level, level, 0, 0x02, 0, 1, 0x06, 0, 2, 0x0e, 0, 1})
		f.Add([]byte{level, level, 0, 0x06, 0, 2, 0x8f, 1, 4, 0x9f, 0x0b, 0}) // a range delete of a key that is written
	}
	testseed.Inputs(f, 50, 120)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<10 {
			t.Skip("every order of long transactions takes long, and shows nothing that short ones do not")
		}
		if err := playTxns(data); err != nil {
			t.Fatal(err)
		}
	})
}

// player plays an input on a store.
type player struct {
	rest      []byte
	db        *DB
	level     kv.Isolation
	now       contents
	committed [][]act // plain writes too
	open      []*played
	values    int
	conflicts int
}

// played is an open transaction.
type played struct {
	*txn
	acts  []act
	view  contents // of its begin
	began int      // commits before it
}

func (p *player) byte() (b byte) {
	if len(p.rest) > 0 {
		b, p.rest = p.rest[0], p.rest[1:]
	}
	return b
}

func (p *player) key() string { return fmt.Sprint("k", p.byte()%6) }

func (p *player) value() string {
	p.values++
	return fmt.Sprint("v", p.values)
}

// playTxns plays an input and returns what is wrong.
func playTxns(data []byte) (err error) {
	p := player{rest: data, now: contents{}}
	p.level = kv.Isolations()[p.byte()%3]
	setup := int(p.byte())
	o := Options{FS: vfs.NewMem(), MemTable: variants.All()[setup%len(variants.All())].New}.Small()
	o.Deterministic = true
	if setup%2 == 0 {
		o.GC = gc.Policy{Window: time.Duration(1+setup%16) * time.Microsecond} // an LSN takes one
	}
	if p.db, err = Open("db", o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.db.Close()) }()
	for err == nil && len(p.rest) > 0 && len(p.committed) < mostCommits {
		err = p.step(p.byte())
	}
	for _, x := range p.open {
		x.Discard()
	}
	if err != nil {
		return err
	}
	return p.finish()
}

// finish judges the whole.
func (p *player) finish() error {
	end, err := scanned(p.db, "", "~")
	switch {
	case err != nil:
		return err
	case p.level == kv.Serializable && !serial(p.committed, contents{}, end):
		return fmt.Errorf("no serial order of the %d transactions that committed explains them and the end %v: %v", len(p.committed), end, p.committed)
	case !maps.Equal(p.now, end):
		return fmt.Errorf("in the end there is %v, want %v", end, p.now)
	}
	return nil
}

func (p *player) step(code byte) error {
	switch code % 16 {
	case 0, 1:
		return p.begin(code >= 224)
	case 15:
		return p.alone(code / 16)
	}
	if len(p.open) == 0 {
		return p.begin(false)
	}
	i := int(p.byte()) % len(p.open)
	x := p.open[i]
	if op := code % 16; op < 11 {
		return p.act(x, op)
	}
	p.open = slices.Delete(p.open, i, i+1)
	if code%16 == 13 {
		x.Discard()
		return nil
	}
	return p.commit(x, code%16 == 14)
}

func (p *player) begin(readOnly bool) error {
	if len(p.open) == 4 {
		return nil
	}
	tx, err := p.db.Begin(kv.TxnOptions{Isolation: p.level, ReadOnly: readOnly})
	if err == nil {
		p.open = append(p.open, &played{txn: tx.(*txn), view: maps.Clone(p.now), began: len(p.committed)})
	}
	return err
}

// alone is a step without a transaction.
func (p *player) alone(code byte) error {
	switch {
	case code == 8:
		a := act{kind: 'r', key: p.key(), upper: p.key()}
		if a.upper <= a.key {
			a.upper = a.key + "\x00" // this key alone
		}
		return p.plain(a)
	case code < 8:
		a := act{kind: 'w', key: p.key()}
		if a.value = p.value(); code > 5 {
			a.kind = 'd'
		}
		return p.plain(a)
	case code < 13:
		return p.db.Flush()
	}
	return p.db.Compact()
}

func (p *player) plain(a act) error {
	var b kv.Batch
	switch a.kind {
	case 'w':
		b.Set([]byte(a.key), []byte(a.value))
	case 'd':
		b.Delete([]byte(a.key))
	default:
		b.DeleteRange([]byte(a.key), []byte(a.upper))
	}
	err := p.db.Apply(&b, kv.Volatile)
	p.done([]act{a})
	return err
}

// done notes a commit.
func (p *player) done(acts []act) {
	p.committed = append(p.committed, acts)
	for i := range acts {
		if acts[i].writes() {
			p.now.shows(&acts[i])
		}
	}
}

func (p *player) act(x *played, op byte) (err error) {
	a := act{kind: 'g', key: p.key()}
	switch {
	case op < 5:
		var value []byte
		value, err = x.Get(nil, []byte(a.key))
		a.value, a.there = string(value), err == nil
		if errors.Is(err, kv.ErrNotFound) {
			err = nil
		}
	case op == 5:
		a.kind, a.upper = 's', "~"
		a.found, err = scanned(x, a.key, a.upper)
	case x.readOnly:
		return nil
	case op < 10:
		a.kind, a.value = 'w', p.value()
		err = x.Set([]byte(a.key), []byte(a.value))
	default:
		a.kind = 'd'
		err = x.Delete([]byte(a.key))
	}
	if err != nil {
		return err
	}
	x.acts = append(x.acts, a)
	return p.judge(x, &a)
}

// judge judges a read below serializable, where the levels say what it must be.
func (p *player) judge(x *played, a *act) error {
	sees := x.view
	switch p.level {
	case kv.Serializable:
		return nil
	case kv.ReadCommitted:
		sees = p.now
	}
	sees = maps.Clone(sees)
	for i := range x.acts {
		if own := &x.acts[i]; own.writes() {
			sees.shows(own)
		}
	}
	if a.kind == 'g' || a.kind == 's' {
		if !sees.shows(a) {
			return fmt.Errorf("%v: %+v was read where there is %v", p.level, *a, sees)
		}
	}
	return nil
}

// commit commits; apart, with a plain write between the phases of the check.
func (p *player) commit(x *played, apart bool) error {
	wrote := x.wrote()
	var err error
	if apart && wrote && x.checked() {
		err = p.commitApart(x)
	} else {
		err = x.Commit(kv.Volatile)
	}
	others := p.committed[x.began:]
	reason := wrote && p.level != kv.ReadCommitted && slices.ContainsFunc(x.acts, func(a act) bool {
		return slices.ContainsFunc(others, func(acts []act) bool { return writesInto(acts, &a, p.level) })
	})
	switch conflict := errors.Is(err, kv.ErrConflict); {
	case conflict && !reason:
		return fmt.Errorf("%v: %w, and nobody wrote what it read or wrote", p.level, err)
	case conflict:
		p.conflicts++
		return nil
	case err != nil:
		return err
	case reason && p.level == kv.SnapshotIsolation:
		return fmt.Errorf("%v: two transactions that wrote a key at the same time both committed", p.level)
	}
	p.done(x.acts)
	return nil
}

// commitApart is Commit with a plain write between the two phases.
func (p *player) commitApart(x *played) error {
	defer x.end()
	c := x.validation()
	err := c.begin()
	if plain := p.plain(act{kind: 'w', key: p.key(), value: p.value()}); plain != nil || err != nil {
		return errors.Join(plain, err)
	}
	return x.apply(kv.Volatile, c)
}

// scanned returns what a scan shows.
func scanned(r kv.Reader, lower, upper string) (contents, error) {
	found := contents{}
	it := r.Scan([]byte(lower), []byte(upper))
	for ok := it.First(); ok; ok = it.Next() {
		found[string(it.Key())] = string(it.Value())
	}
	return found, it.Close()
}
