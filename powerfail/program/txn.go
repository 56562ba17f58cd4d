package program

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/oracle"
)

// ErrIsolation says that a transaction read, or committed, what its isolation level
// forbids, or met a conflict without a reason. It needs no crash.
var ErrIsolation = errors.New("isolation broken")

// Broken returns the violation of which an error tells: [ErrIsolation], or what a process
// that ended with it had printed. It is nil of other errors.
func Broken(err error) *oracle.Violation {
	if err == nil {
		return nil
	}
	_, detail, ok := strings.Cut(err.Error(), ErrIsolation.Error())
	if !ok {
		return nil
	}
	detail, _, _ = strings.Cut(detail, "\n")
	return &oracle.Violation{Rule: oracle.RuleIsolation, Detail: ErrIsolation.Error() + detail}
}

// errAborted says that a transaction ended and must have applied nothing.
var errAborted = errors.New("aborted")

// lane is what a writer knows of its own keys. As writers own their keys, it knows what
// each of its transactions must read, and which of them must conflict.
type lane struct {
	now     map[string]string // what the store holds; also keys of others, never looked at
	written times             // of writes
	perhaps times             // of writes of which nobody can say whether they were applied
	time    int               // batches applied
	open    map[int]*openTxn
}

// times says when keys were written last.
type times struct {
	keys   map[string]int
	ranges []rangeTime // of range deletes
}

type rangeTime struct {
	keyRange
	at int
}

// of returns the time of the last write to a key, 0 if there is none.
func (t *times) of(key string) int {
	at := t.keys[key]
	for _, r := range t.ranges {
		if r.has(key) {
			at = max(at, r.at)
		}
	}
	return at
}

// openTxn is a transaction that is open.
type openTxn struct {
	begin *Step
	id    int // number of the write
	real  kv.Txn
	batch kv.Batch
	view  map[string]string // what the store held at the begin
	began int               // the time then
	read  []keyRange
}

// keyRange is [lower, upper).
type keyRange struct{ lower, upper string }

func (r keyRange) has(key string) bool { return r.lower <= key && key < r.upper }

func (r keyRange) meets(o keyRange) bool { return r.lower < o.upper && o.lower < r.upper }

func rangeOf(lower, upper []byte) keyRange { return keyRange{string(lower), string(upper)} }

// learn reads what the store holds before the program.
func (r *Runner) learn() error {
	found := map[string]string{}
	it := r.engine.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		found[string(it.Key())] = string(it.Value())
	}
	for i := range r.lanes {
		r.lanes[i] = lane{now: maps.Clone(found), written: times{keys: map[string]int{}}, perhaps: times{keys: map[string]int{}}, open: map[int]*openTxn{}}
	}
	return it.Close()
}

// applied notes that a batch is in the store.
func (l *lane) applied(b *kv.Batch) {
	if l.now == nil {
		return // nothing is judged
	}
	l.note(&l.written, b)
	overlay(l.now, b)
}

// refused notes a batch that the engine refused, though it may have applied it. A batch
// that changes nothing leaves no trace: it may be a reason for a conflict, and need not be.
func (l *lane) refused(b *kv.Batch, there bool) {
	switch {
	case l.now == nil || !there:
	case l.changes(b):
		l.applied(b)
	default:
		l.note(&l.perhaps, b)
	}
}

// note gives the keys of a batch the next time.
func (l *lane) note(at *times, b *kv.Batch) {
	l.time++
	for ops := b.Ops(); ops.Next(); {
		if ops.Kind == kv.OpDeleteRange {
			at.ranges = append(at.ranges, rangeTime{rangeOf(ops.Key, ops.Value), l.time})
			continue
		}
		at.keys[string(ops.Key)] = l.time
	}
}

// changes says whether the store would hold something else after the batch.
func (l *lane) changes(b *kv.Batch) bool {
	after := maps.Clone(l.now)
	overlay(after, b)
	return !maps.Equal(after, l.now)
}

// overlay changes the content as a batch does.
func overlay(content map[string]string, b *kv.Batch) {
	for ops := b.Ops(); ops.Next(); {
		switch ops.Kind {
		case kv.OpSet:
			content[string(ops.Key)] = string(ops.Value)
		case kv.OpDelete:
			delete(content, string(ops.Key))
		case kv.OpDeleteRange:
			gone := rangeOf(ops.Key, ops.Value)
			maps.DeleteFunc(content, func(key, _ string) bool { return gone.has(key) })
		}
	}
}

// drop ends the transactions that a failure left open.
func (l *lane) drop() {
	for _, t := range l.open {
		t.real.Discard()
	}
	clear(l.open)
}

// txnStep does a step of a transaction. One that is not open is passed over, so that
// steps can be left out of a program.
func (r *Runner) txnStep(l *lane, s *Step, id int) error {
	if s.Kind == Begin {
		return r.begin(l, s, id)
	}
	t := l.open[s.Txn]
	if t == nil {
		return nil
	}
	var err error
	switch s.Kind {
	case Get:
		err = l.get(t, s.Key)
	case Scan:
		err = l.scan(t, s.Key, s.Upper)
	case TxnWrite:
		err = l.write(t, s)
	default:
		return r.end(l, t, s)
	}
	if errors.Is(err, kv.ErrSnapshotTooOld) {
		return r.end(l, t, t.discard()) // as a store may that keeps versions for a time only
	}
	return err
}

func (r *Runner) begin(l *lane, s *Step, id int) error {
	if t := l.open[s.Txn]; t != nil {
		if err := r.end(l, t, t.discard()); err != nil {
			return err
		}
	}
	e, ok := r.engine.(kv.Transactor)
	if !ok {
		return fmt.Errorf("%w: transactions, which the program has", kv.ErrUnsupported)
	}
	tx, err := e.Begin(kv.TxnOptions{Isolation: s.Level})
	if err != nil {
		return err
	}
	l.open[s.Txn] = &openTxn{begin: s, id: id, real: tx, view: maps.Clone(l.now), began: l.time}
	return nil
}

// discard returns the step that discards t.
func (t *openTxn) discard() *Step {
	return &Step{Kind: Discard, Writer: t.begin.Writer, Txn: t.begin.Txn}
}

// sees returns what the transaction must read now.
func (l *lane) sees(t *openTxn) map[string]string {
	content := t.view
	if t.begin.Level == kv.ReadCommitted {
		content = l.now
	}
	content = maps.Clone(content)
	overlay(content, &t.batch)
	return content
}

func (l *lane) get(t *openTxn, key string) error {
	t.read = append(t.read, keyRange{key, key + "\x00"})
	got, err := t.real.Get(nil, []byte(key))
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	if want, ok := l.sees(t)[key]; ok != (err == nil) || want != string(got) {
		return t.broken("key %q shows %s, want %s", key, shown(string(got), err == nil), shown(want, ok))
	}
	return nil
}

func (l *lane) scan(t *openTxn, lower, upper string) error {
	r := keyRange{lower, upper}
	t.read = append(t.read, r)
	sees := l.sees(t)
	maps.DeleteFunc(sees, func(key, _ string) bool { return !r.has(key) })
	want := slices.Sorted(maps.Keys(sees))
	it := t.real.Scan([]byte(lower), []byte(upper))
	var wrong error
	for ok := it.First(); ok && wrong == nil; ok = it.Next() {
		key, value := string(it.Key()), string(it.Value())
		switch {
		case len(want) == 0 || key < want[0]:
			wrong = t.broken("a scan shows key %q with %s, which is not there", key, shown(value, true))
		case key > want[0]:
			wrong = t.broken("a scan passes over key %q", want[0])
		case value != sees[key]:
			wrong = t.broken("a scan shows key %q with %s, want %s", key, shown(value, true), shown(sees[key], true))
		default:
			want = want[1:]
		}
	}
	if err := it.Close(); err != nil || wrong != nil {
		return errors.Join(wrong, err)
	}
	if len(want) > 0 {
		return t.broken("a scan does not show key %q", want[0])
	}
	return nil
}

// write adds writes. After one that fails the transaction is discarded, unless it is too
// old, which the caller sees to.
func (l *lane) write(t *openTxn, s *Step) (err error) {
	before := t.batch.Len()
	addOps(&t.batch, t.id, s.Ops)
	ops := t.batch.Ops()
	for i := 0; ops.Next() && err == nil; i++ {
		switch {
		case i < before:
		case ops.Kind == kv.OpSet:
			err = t.real.Set(ops.Key, ops.Value)
		default:
			err = t.real.Delete(ops.Key)
		}
	}
	if err != nil && !errors.Is(err, kv.ErrSnapshotTooOld) {
		t.real.Discard()
		delete(l.open, s.Txn)
	}
	return err
}

// end commits or discards a transaction, and judges which of both it was.
func (r *Runner) end(l *lane, t *openTxn, s *Step) error {
	delete(l.open, s.Txn)
	if s.Kind == Discard {
		discard := func() error { t.real.Discard(); return errAborted }
		if t.batch.Len() == 0 {
			_ = discard()
			return nil
		}
		return r.attempt(l, t.id, s, &t.batch, discard)
	}
	if t.batch.Len() == 0 {
		if err := t.real.Commit(s.Durability); !errors.Is(err, kv.ErrSnapshotTooOld) {
			return err
		}
		return nil
	}
	must, may := l.conflicts(t)
	var wrong error
	err := r.attempt(l, t.id, s, &t.batch, func() error {
		err := t.real.Commit(s.Durability)
		switch conflict := errors.Is(err, kv.ErrConflict); {
		case conflict && !may:
			wrong = t.broken("%v, and nobody wrote what it read or wrote", err)
		case err == nil && must:
			wrong = t.broken("it committed, which its level forbids")
		}
		if errors.Is(err, kv.ErrConflict) || errors.Is(err, kv.ErrSnapshotTooOld) {
			return errAborted
		}
		return err
	})
	return errors.Join(wrong, err)
}

// conflicts says whether the level asks for a conflict at the commit, and whether it
// allows one.
func (l *lane) conflicts(t *openTxn) (must, may bool) {
	if t.begin.Level == kv.ReadCommitted {
		return false, false
	}
	for ops := t.batch.Ops(); ops.Next(); {
		must = must || l.written.of(string(ops.Key)) > t.began
		may = may || l.perhaps.of(string(ops.Key)) > t.began
	}
	may = may || must
	if t.begin.Level == kv.SnapshotIsolation {
		return must, may
	}
	may = may || t.hasReadOf(&l.perhaps) || t.hasReadOf(&l.written)
	must = false // a key that was not read has not misled it
	for _, content := range []map[string]string{t.view, l.now} {
		for key := range content {
			was, before := t.view[key]
			is, now := l.now[key]
			must = must || t.hasRead(key) && (was != is || before != now) && l.written.of(key) > t.began
		}
	}
	return must, may
}

// hasReadOf says whether t has read a key that was written after it began.
func (t *openTxn) hasReadOf(w *times) bool {
	for key, at := range w.keys {
		if at > t.began && t.hasRead(key) {
			return true
		}
	}
	return slices.ContainsFunc(w.ranges, func(d rangeTime) bool {
		return d.at > t.began && slices.ContainsFunc(t.read, d.meets)
	})
}

func (t *openTxn) hasRead(key string) bool {
	return slices.ContainsFunc(t.read, func(r keyRange) bool { return r.has(key) })
}

// discardAll ends what is open at the end of a life, in the order of the numbers.
func (r *Runner) discardAll(l *lane) (err error) {
	for _, n := range slices.Sorted(maps.Keys(l.open)) {
		err = errors.Join(err, r.end(l, l.open[n], l.open[n].discard()))
	}
	return err
}

// broken returns an error about the transaction.
func (t *openTxn) broken(format string, args ...any) error {
	return fmt.Errorf("%w: w%d, transaction %d (%v, write %d of the program): %s",
		ErrIsolation, t.begin.Writer, t.begin.Txn, t.begin.Level, t.id, fmt.Sprintf(format, args...))
}

// shown returns a value in a form for messages.
func shown(value string, there bool) string {
	switch b := []byte(value); {
	case !there:
		return "nothing"
	case len(b) > 40:
		return fmt.Sprintf("%q... (%d bytes)", bytes.TrimRight(b[:24], " "), len(b))
	default:
		return fmt.Sprintf("%q", b)
	}
}
