package probe

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/isolation"
)

// Store is what is probed: an engine with transactions, and how they are begun.
type Store struct {
	kv.Engine
	kv.Transactor

	Isolation  kv.Isolation
	Durability kv.Durability

	oneWriter bool         // see [New]
	scripts   atomic.Int64 // so that each has keys of its own
}

// run is one script on its way.
type run struct {
	store  *Store
	script *Script
	keys   []string
	prefix string
	clock  atomic.Int64

	mu      sync.Mutex
	history []isolation.Txn
}

func newRun(s *Store, script *Script) *run {
	return &run{store: s, script: script, keys: script.keys(), prefix: fmt.Sprintf("%08d/", s.scripts.Add(1))}
}

// client is one session. It is used by one goroutine at a time.
type client struct {
	*run

	number  int
	alone   bool        // no other session makes a step meanwhile, unless this one has to wait
	waited  atomic.Bool // the call that was made had to wait for another session
	txn     kv.Txn      // nil: none is open
	reads   bool        // the transaction only reads
	skips   bool        // the transaction met a conflict: its steps are passed over
	written isolation.Txn
}

// step makes one step. An error is one of the store, not a conflict.
func (c *client) step(st Step) error {
	err := c.try(st)
	if errors.Is(err, kv.ErrConflict) {
		c.end(isolation.Aborted)
		c.skips = st.Verb != Commit && st.Verb != Discard
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: step %q: %w", c.script.Name, st, err)
	}
	return nil
}

func (c *client) try(st Step) error {
	if c.skips {
		c.skips = st.Verb != Commit && st.Verb != Discard
		return nil
	}
	switch st.Verb {
	case Begin, BeginRO:
		return c.begin(st.Verb == BeginRO)
	case Read:
		return c.read(st.Key)
	case Update:
		if err := c.read(st.Key); err != nil {
			return err
		}
		return c.set(st)
	case Set:
		return c.set(st)
	case Range:
		return c.scan(st.Key)
	case Commit:
		return c.commit()
	case Discard:
		c.end(isolation.Aborted)
		return nil
	default:
		return c.plain(st)
	}
}

func (c *client) at(key string) []byte { return []byte(c.prefix + key) }

func (c *client) note(o isolation.Op) { c.written.Ops = append(c.written.Ops, o) }

func (c *client) begin(readOnly bool) (err error) {
	c.written = isolation.Txn{Process: c.number, Begin: c.clock.Add(1)}
	c.reads = readOnly
	c.txn, err = c.store.Begin(kv.TxnOptions{Isolation: c.store.Isolation, ReadOnly: readOnly})
	return err
}

// commit ends the transaction. Of one whose commit failed by another error than a
// conflict the outcome is unknown.
func (c *client) commit() error {
	err := c.txn.Commit(c.store.Durability)
	switch {
	case err == nil:
		c.end(isolation.Committed)
	case !errors.Is(err, kv.ErrConflict):
		c.end(isolation.Unknown)
	}
	return err
}

// end ends the transaction and writes it down.
func (c *client) end(o isolation.Outcome) {
	if c.txn == nil {
		return
	}
	if l, ok := c.txn.(kv.LSNTxn); ok {
		c.written.LSNs = isolation.LSNs{Known: true, Read: l.ReadLSN(), Commit: l.CommitLSN()}
	}
	c.txn.Discard()
	c.txn = nil
	c.written.Outcome, c.written.End = o, c.clock.Add(1)
	c.keep()
}

func (c *client) keep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, c.written)
}

func (c *client) set(st Step) error {
	c.note(isolation.Op{Kind: isolation.Write, Key: st.Key, Value: st.Value})
	return c.txn.Set(c.at(st.Key), strconv.AppendInt(nil, st.Value, 10))
}

// read reads a key and notes what it had.
func (c *client) read(key string) error {
	return c.readFrom(c.txn, key)
}

func (c *client) readFrom(r kv.Reader, key string) error {
	value, err := r.Get(nil, c.at(key))
	if errors.Is(err, kv.ErrNotFound) {
		c.note(isolation.Op{Kind: isolation.ReadValue, Key: key, Absent: true})
		return nil
	}
	if err != nil {
		return err
	}
	o, err := returned(key, value)
	c.note(o)
	return err
}

// returned makes an operation of the value that a read of key returned.
func returned(key string, value []byte) (o isolation.Op, err error) {
	o = isolation.Op{Kind: isolation.ReadValue, Key: key}
	if o.Value, err = strconv.ParseInt(string(value), 10, 64); err != nil {
		return o, fmt.Errorf("%w: key %q has %q, which nobody wrote", kv.ErrCorrupt, key, value)
	}
	return o, nil
}

// scan reads all keys with a prefix. Keys of the script that are not there were read too.
func (c *client) scan(prefix string) (err error) {
	lower := c.at(prefix)
	i := c.txn.Scan(lower, append(bytes.Clone(lower), 0xff))
	defer func() { err = errors.Join(err, i.Close()) }()
	found := map[string]bool{}
	var ops []isolation.Op
	for ok := i.First(); ok; ok = i.Next() {
		key := strings.TrimPrefix(string(i.Key()), c.prefix)
		o, err := returned(key, i.Value())
		if err != nil {
			return err
		}
		found[key] = true
		ops = append(ops, o)
	}
	for _, key := range c.keys {
		if strings.HasPrefix(key, prefix) && !found[key] {
			ops = append(ops, isolation.Op{Kind: isolation.ReadValue, Key: key, Absent: true})
		}
	}
	slices.SortFunc(ops, func(a, b isolation.Op) int { return strings.Compare(a.Key, b.Key) })
	for _, o := range ops {
		o.Range = true
		c.note(o)
	}
	return nil
}

// plain writes without a transaction, which is one of a single step. Where nothing can
// come between, it first reads what it overwrites: that tells the order of the versions.
func (c *client) plain(st Step) error {
	c.written = isolation.Txn{Process: c.number, Begin: c.clock.Add(1)}
	var b kv.Batch
	for _, key := range []string{st.Key, st.Other} {
		if key != "" {
			if c.alone {
				if err := c.readFrom(c.store.Engine, key); err != nil {
					return err
				}
			}
			b.Set(c.at(key), strconv.AppendInt(nil, st.Value, 10))
			c.note(isolation.Op{Kind: isolation.Write, Key: key, Value: st.Value})
		}
	}
	err := c.apply(&b)
	if c.waited.Load() { // what was read before may not be what was overwritten
		c.written.Ops = slices.DeleteFunc(c.written.Ops, func(o isolation.Op) bool { return o.Kind == isolation.ReadValue })
	}
	if c.written.End = c.clock.Add(1); err != nil {
		c.written.Outcome = isolation.Unknown
	}
	c.keep()
	return err
}

// apply applies b and notes its LSNs, if the store tells them.
func (c *client) apply(b *kv.Batch) error {
	a, ok := c.store.Engine.(kv.LSNApplier)
	if !ok {
		return c.store.Apply(b, c.store.Durability)
	}
	last, err := a.ApplyLSN(b, c.store.Durability)
	if err == nil {
		c.written.LSNs = isolation.LSNs{Known: true, Read: last - uint64(b.Len()), Commit: last}
	}
	return err
}
