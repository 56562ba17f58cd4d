package oracle

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
)

// store is a sound store that a test breaks in one place. Its content outlives
// the engines opened on it.
type store struct {
	content map[string]string
	opens   int

	open  func(s *store) error                                      // before each opening
	wrap  func(e kv.Engine) kv.Engine                               // what the opened engine does differently
	close func(s *store)                                            // after each closing
	check func() error                                              // the engine's own check
	get   func(key []byte, value []byte, err error) ([]byte, error) // the answer of a point read
}

var errBroken = errors.New("broken")

func (s *store) Open() (kv.Engine, error) {
	s.opens++
	if s.open != nil {
		if err := s.open(s); err != nil {
			return nil, err
		}
	}
	m := kvtest.NewModel()
	var b kv.Batch
	for _, key := range slices.Sorted(maps.Keys(s.content)) {
		b.Set([]byte(key), []byte(s.content[key]))
	}
	if err := m.Apply(&b, kv.Synced); err != nil {
		return nil, err
	}
	var e kv.Engine = &engine{Model: m, s: s}
	if s.wrap != nil {
		e = s.wrap(e)
	}
	return e, nil
}

type engine struct {
	*kvtest.Model
	s *store
}

func (e *engine) Verify() error {
	if e.s.check == nil {
		return nil
	}
	return e.s.check()
}

func (e *engine) Get(dst, key []byte) ([]byte, error) {
	value, err := e.Model.Get(dst, key)
	if e.s.get != nil {
		return e.s.get(key, value, err)
	}
	return value, err
}

func (e *engine) Apply(b *kv.Batch, d kv.Durability) error {
	if d == kv.Synced {
		return kv.ErrUnsupported // the check must make do with less
	}
	for ops := b.Ops(); ops.Next(); {
		if ops.Kind == kv.OpSet {
			e.s.content[string(ops.Key)] = string(ops.Value)
		} else {
			delete(e.s.content, string(ops.Key))
		}
	}
	return e.Model.Apply(b, d)
}

func (e *engine) Close() error {
	if e.s.close != nil {
		e.s.close(e.s)
	}
	return e.Model.Close()
}

// readOnly refuses writes, but not the empty ones that ask for a durability level.
type readOnly struct{ *engine }

func (e readOnly) Apply(b *kv.Batch, d kv.Durability) error {
	if b.Len() > 0 {
		return errBroken
	}
	return e.engine.Apply(b, d)
}

type badClose struct{ *engine }

func (e badClose) Close() error { return errors.Join(e.engine.Close(), errBroken) }

// badPast reads the past wrongly.
type badPast struct {
	*engine
	at func() (kv.Snapshot, error)
}

func (e badPast) SnapshotAt(uint64) (kv.Snapshot, error)        { return e.at() }
func (e badPast) SnapshotAtTime(time.Time) (kv.Snapshot, error) { return e.at() }

type emptySnapshot struct{ *kvtest.Model }

type badScan struct {
	*engine
	it func(kv.Iterator) kv.Iterator
}

func (e badScan) Scan(lower, upper []byte) kv.Iterator { return e.it(e.engine.Scan(lower, upper)) }

type failingIter struct{ kv.Iterator }

func (i failingIter) Close() error { return errors.Join(i.Iterator.Close(), errBroken) }

type swappedIter struct {
	kv.Iterator
}

func (i *swappedIter) Key() []byte { // the second and third key change places
	key := i.Iterator.Key()
	switch string(key) {
	case "b":
		return []byte("c")
	case "c":
		return []byte("b")
	}
	return key
}

// broken has for each rule stores that break it and nothing else. A sound store
// holds base=0 b=2 c=3, of a history that deleted a.
var broken = map[Rule][]func(*store){
	RuleOpen: {
		func(s *store) { s.open = func(*store) error { return errBroken } },
		func(s *store) { s.open = func(*store) error { panic("broken") } },
	},
	RuleVerify: {func(s *store) { s.check = func() error { return errBroken } }},
	RuleUnreadable: {
		func(s *store) {
			s.wrap = func(e kv.Engine) kv.Engine {
				return badScan{e.(*engine), func(it kv.Iterator) kv.Iterator { return failingIter{it} }}
			}
		},
		func(s *store) {
			s.get = func(key, value []byte, err error) ([]byte, error) {
				if string(key) == "c" {
					return nil, kv.ErrCorrupt
				}
				return value, err
			}
		},
	},
	RuleDisagree: {
		func(s *store) {
			s.get = func(key, value []byte, err error) ([]byte, error) {
				if string(key) == "c" {
					return nil, kv.ErrNotFound
				}
				return value, err
			}
		},
		func(s *store) {
			s.get = func(key, value []byte, err error) ([]byte, error) {
				if string(key) == "a" {
					return []byte("1"), nil
				}
				return value, err
			}
		},
		func(s *store) {
			s.wrap = func(e kv.Engine) kv.Engine {
				return badScan{e.(*engine), func(it kv.Iterator) kv.Iterator { return &swappedIter{Iterator: it} }}
			}
		},
	},
	RuleAborted: {
		func(s *store) { s.content["a"] = "7" },
		func(s *store) { s.content["f"] = "8" },
	},
	RuleInvented:  {func(s *store) { s.content["b"] = "9" }, func(s *store) { s.content["z"] = "1" }},
	RuleTorn:      {func(s *store) { delete(s.content, "c") }},
	RuleResurrect: {func(s *store) { s.content["a"] = "1" }},
	RuleLost:      {func(s *store) { s.content = map[string]string{"base": "0", "a": "1"} }},
	RuleHole:      {func(s *store) { s.content["e"] = "6" }},
	RuleUnwritable: {func(s *store) {
		s.wrap = func(e kv.Engine) kv.Engine { return readOnly{e.(*engine)} }
	}},
	RuleFloor: {
		func(s *store) { // shows the newest state for every one of the past
			s.wrap = func(e kv.Engine) kv.Engine { return badPast{e.(*engine), e.(*engine).Snapshot} }
		},
		func(s *store) {
			s.wrap = func(e kv.Engine) kv.Engine {
				return badPast{e.(*engine), func() (kv.Snapshot, error) { return nil, kv.ErrNotFound }}
			}
		},
		func(s *store) { // keeps a past that is lost at the next opening
			s.wrap = func(e kv.Engine) kv.Engine {
				if s.opens == 1 {
					return badPast{e.(*engine), func() (kv.Snapshot, error) { return nil, kv.ErrSnapshotTooOld }}
				}
				return badPast{e.(*engine), func() (kv.Snapshot, error) { return emptySnapshot{kvtest.NewModel()}, nil }}
			}
		},
	},
	RuleClose: {func(s *store) {
		s.wrap = func(e kv.Engine) kv.Engine { return badClose{e.(*engine)} }
	}},
	RuleReopen: {func(s *store) {
		s.open = func(s *store) error {
			if s.opens == 2 {
				return errBroken
			}
			return nil
		}
	}},
	RuleUnstable: {
		func(s *store) { s.close = func(s *store) { delete(s.content, "b") } },
		func(s *store) { s.close = func(s *store) { s.content["b"] = "8" } },
		func(s *store) { s.close = func(s *store) { s.content["new"] = "1" } },
	},
}

func checked(t *testing.T, breaks func(*store)) Verdict {
	aborted := write(1, "a=7 f=8 -b", d2, 36, Never)
	aborted.Aborted = true
	x := index(t, &History{Base: map[string]string{"base": "0"}, Writes: []Write{
		write(1, "a=1", d2, 10, 15),
		write(1, "-a", d2, 20, 25),
		write(1, "b=2 c=3", d2, 30, 35),
		aborted,
		write(1, "d=5", d1, 40, 45),
		write(1, "e=6", d1, 50, 55),
	}})
	s := &store{content: map[string]string{"base": "0", "b": "2", "c": "3"}}
	breaks(s)
	return x.NewChecker().Check(s.Open, Cut{100, PowerOff})
}

// TestEachRule breaks each rule by itself, and demands that it and no other is
// reported; and that nothing is when nothing is broken.
func TestEachRule(t *testing.T) {
	if v := checked(t, func(*store) {}); v.Broken != nil || !slices.Equal(v.Found, []int{3}) {
		t.Errorf("a sound store: %+v", v)
	}
	for _, rule := range Rules() {
		if len(broken[rule]) == 0 {
			t.Errorf("no store breaks %q", rule)
		}
		for _, breaks := range broken[rule] {
			v := checked(t, breaks)
			if v.Broken == nil || v.Broken.Rule != rule {
				t.Errorf("got %v, want %q broken", v.Broken, rule)
				continue
			}
			t.Log(v.Broken)
		}
	}
}

// TestProbed: what a check writes is a history by itself, with the base that it
// found, by which a crash in the middle of the check is judged.
func TestProbed(t *testing.T) {
	s := &store{content: map[string]string{"probe": "taken"}}
	x := index(t, &History{Base: maps.Clone(s.content)})
	position := int64(0)
	c := x.NewChecker()
	c.Probed = NewRecorder(maps.Clone(s.content), func() int64 { position++; return position })
	if v := c.Check(s.Open, Cut{0, PowerOff}); v.Broken != nil {
		t.Fatal(v.Broken)
	}
	if len(c.content.entries) != 1 || string(c.content.entries[0].Value) != "taken" {
		t.Errorf("content is %s", c.content.entries)
	}
	probes := index(t, c.Probed.History())
	for content, want := range map[string]int{"probe=taken": 2, "probe=taken probe+=probe+": 1} {
		cut := Cut{4, Kill}
		if want == 1 {
			cut.Position = 3
		}
		found, broken := probes.Judge(cut, entries(content))
		check(t, found, broken, []int{want}, "")
	}
}

func TestCodec(t *testing.T) {
	h := one()
	h.Base["\x00binary\xff"] = ""
	var file bytes.Buffer
	if err := h.Encode(&file); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	got, err := DecodeHistory(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := got.Encode(&again); err != nil || !bytes.Equal(again.Bytes(), whole) {
		t.Errorf("%v; after a round trip:\n%s\nwant\n%s", err, again.Bytes(), whole)
	}
	for _, cut := range []int{0, 10, len(whole) - 2} {
		if _, err := DecodeHistory(bytes.NewReader(whole[:cut])); err == nil {
			t.Errorf("cut after %d bytes: no error", cut)
		}
	}
	if _, err := DecodeHistory(bytes.NewReader([]byte(`{"format":"other"}`))); err == nil {
		t.Error("other format: no error")
	}
}
