package oracle

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"lsmlab/engines/kv"
)

// Verdict is the result of a check.
type Verdict struct {
	// Found is how many writes of each writer survived, in the order in which the
	// writers first appear in the history.
	Found []int `json:"found,omitempty"`
	// Broken is the first rule that the store violates, or nil if the store is sound.
	Broken *Violation `json:"broken,omitempty"`
}

// Checker checks stores against one history. It keeps buffers between checks. One
// goroutine at a time may use it.
type Checker struct {
	// Probed, if not nil, records the writes of each check, so that a crash during the
	// check can be judged. Their writer is probeWriter.
	Probed *Recorder

	x       *Index
	probe   []byte // a key that the history does not contain
	content content
	scanned bool // content belongs to the last check
	again   content
	newest  uint64 // the LSN as of which content was read, if marked is set
	marked  bool
	before  content // of the past
	batch   kv.Batch
	value   []byte
	stage   Rule // the rule that a panic of the engine violates now

	level      kv.Durability // the strongest level that the engine gives, once levelKnown is set
	levelKnown bool
}

// probeWriter is the writer of the writes that a check makes. No writer of a history
// has this number.
const probeWriter = -1

// NewChecker returns a checker for stores with this history.
func (x *Index) NewChecker() *Checker {
	c := &Checker{x: x, probe: []byte("probe"), level: kv.Synced}
	for x.has(c.probe) {
		c.probe = append(c.probe, '+')
	}
	return c
}

func (x *Index) has(key []byte) bool {
	for i := range x.keys {
		if x.keys[i].key == string(key) {
			return true
		}
	}
	return false
}

// Check opens the store that a crash left and judges it. The store must open, pass its
// own check, read the same by point reads and by iterators, hold what the cut allows,
// accept a write, show the past as it was where it keeps it, close, open again and be
// unchanged. A panic of the engine violates
// the rule that was being checked. The store is closed at the end.
func (c *Checker) Check(open func() (kv.Engine, error), cut Cut) (v Verdict) {
	c.scanned = false
	v.Broken = c.withStore(open, RuleOpen, func(e kv.Engine) (broken *Violation) {
		if broken = c.read(e, &c.content); broken != nil {
			return broken
		}
		c.scanned = true
		if v.Found, broken = c.x.Judge(cut, c.content.entries); broken != nil {
			return broken
		}
		if broken = c.lookBack(e, cut); broken != nil {
			return broken
		}
		c.mark(e)
		return c.write(e)
	})
	if v.Broken == nil {
		v.Broken = c.withStore(open, RuleReopen, c.compare)
	}
	return v
}

// withStore opens the store, calls use with it, and closes it. The rule is that the
// store opens.
func (c *Checker) withStore(open func() (kv.Engine, error), rule Rule, use func(kv.Engine) *Violation) (broken *Violation) {
	var e kv.Engine
	defer func() {
		if p := recover(); p != nil {
			broken = violated(c.stage, "panic: %v", p)
		}
		if broken != nil && e != nil {
			closeQuietly(e)
		}
	}()
	c.stage = rule
	e, err := open()
	if err != nil {
		return violated(rule, "%v", err)
	}
	if broken = use(e); broken != nil {
		return broken
	}
	c.stage = RuleClose
	err, e = e.Close(), nil
	if err != nil {
		return violated(RuleClose, "%v", err)
	}
	return nil
}

// Outcomes says what happened to each write of the history, in the store that was checked
// last. It returns nil if that store could not be read.
func (c *Checker) Outcomes(cut Cut) []Outcome {
	if !c.scanned {
		return nil
	}
	return c.x.outcomes(cut, c.content.entries)
}

// read runs the engine's own check and reads the whole content, by an iterator and by
// point reads.
func (c *Checker) read(e kv.Engine, into *content) *Violation {
	c.stage = RuleVerify
	if v, ok := e.(kv.Verifier); ok {
		if err := v.Verify(); err != nil {
			return violated(RuleVerify, "%v", err)
		}
	}
	c.stage = RuleUnreadable
	if broken := into.scan(e); broken != nil {
		return broken
	}
	for i := range into.entries {
		if broken := c.get(e, into.entries[i].Key, &into.entries[i]); broken != nil {
			return broken
		}
	}
	rest := into.entries
	for i := range c.x.keys {
		key := c.x.keys[i].key
		for len(rest) > 0 && string(rest[0].Key) < key {
			rest = rest[1:]
		}
		if len(rest) > 0 && string(rest[0].Key) == key {
			continue // read above
		}
		if broken := c.get(e, []byte(key), nil); broken != nil {
			return broken
		}
	}
	return nil
}

// get compares a point read with the entry that the iterator showed; nil means no
// entry.
func (c *Checker) get(r kv.Reader, key []byte, want *Entry) *Violation {
	value, err := r.Get(c.value[:0], key)
	c.value = value
	switch {
	case errors.Is(err, kv.ErrNotFound) && want == nil:
		return nil
	case errors.Is(err, kv.ErrNotFound):
		return violated(RuleDisagree, "key %s: the iterator shows %s, a point read nothing", show(key), show(want.Value))
	case err != nil:
		return violated(RuleUnreadable, "get %s: %v", show(key), err)
	case want == nil:
		return violated(RuleDisagree, "key %s: a point read shows %s, the iterator nothing", show(key), show(value))
	case !bytes.Equal(value, want.Value):
		return violated(RuleDisagree, "key %s: the iterator shows %s, a point read %s", show(key), show(want.Value), show(value))
	}
	return nil
}

// write puts a key and removes it, each at the strongest durability level that the engine
// gives. Between the two the past is read.
func (c *Checker) write(e kv.Engine) *Violation {
	c.stage = RuleUnwritable
	c.batch.Reset()
	c.batch.Set(c.probe, c.probe)
	if err := c.apply(e); err != nil {
		return violated(RuleUnwritable, "set: %v", err)
	}
	if value, err := e.Get(nil, c.probe); err != nil || !bytes.Equal(value, c.probe) {
		return violated(RuleUnwritable, "get after set: %s, %v", show(value), err)
	}
	if broken := c.past(e); broken != nil { // which has no probe
		return broken
	}
	c.stage = RuleUnwritable
	c.batch.Reset()
	c.batch.Delete(c.probe)
	if err := c.apply(e); err != nil {
		return violated(RuleUnwritable, "delete: %v", err)
	}
	if value, err := e.Get(nil, c.probe); !errors.Is(err, kv.ErrNotFound) {
		return violated(RuleUnwritable, "get after delete: %s, %v", show(value), err)
	}
	return nil
}

// apply applies the batch at the strongest level that the engine gives.
func (c *Checker) apply(e kv.Engine) error {
	for !c.levelKnown {
		err := e.Apply(new(kv.Batch), c.level)
		if c.levelKnown = !errors.Is(err, kv.ErrUnsupported) || c.level == kv.Volatile; !c.levelKnown {
			c.level--
		}
	}
	if c.Probed == nil {
		return e.Apply(&c.batch, c.level)
	}
	id := c.Probed.Begin(probeWriter, &c.batch, c.level)
	err := e.Apply(&c.batch, c.level)
	if err == nil {
		c.Probed.Ack(id)
	}
	return err
}

// compare reads the store after it was opened again.
func (c *Checker) compare(e kv.Engine) *Violation {
	if broken := c.read(e, &c.again); broken != nil {
		broken.Detail = fmt.Sprintf("after opening again: %s", broken.Detail)
		return broken
	}
	if was, is, differ := difference(c.content.entries, c.again.entries); differ {
		return violated(RuleUnstable, "the store of %d keys opened again has %d; the first difference: %s, then %s",
			len(c.content.entries), len(c.again.entries), was, is)
	}
	return c.past(e)
}

func first(entries []Entry) string {
	if len(entries) == 0 {
		return "no more"
	}
	return fmt.Sprintf("%s = %s", show(entries[0].Key), show(entries[0].Value))
}

// closeQuietly closes an engine that has already violated a rule. Its error would add
// nothing.
func closeQuietly(c io.Closer) {
	defer func() { _ = recover() }()
	_ = c.Close()
}
