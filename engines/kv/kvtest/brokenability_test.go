package kvtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"lsmlab/engines/kv"
)

// reverseOf makes an engine whose scans downwards are changed.
func reverseOf(change func(m *Model, lower, upper []byte) kv.ReverseIterator) func() *broken {
	return func() *broken { return &broken{scanReverse: change} }
}

// seekLE seeks to the last key that is not above.
type seekLE struct{ *modelIter }

func (s seekLE) SeekLT(key []byte) bool { return s.modelIter.SeekLT(append(bytes.Clone(key), 0)) }

// prevAtEnd starts again at the end of a walk.
type prevAtEnd struct{ *modelIter }

func (p prevAtEnd) Prev() bool {
	if p.moved && !p.ok {
		return p.Last()
	}
	return p.modelIter.Prev()
}

// neverClosed does not know that its store was closed.
type neverClosed struct{ *modelIter }

func (neverClosed) Close() error { return nil }

// withoutReverse is a snapshot that scans upwards alone.
type withoutReverse struct{ kv.Snapshot }

var abilityFaults = []fault{
	{"lower bound of a scan downwards is exclusive", "ReverseBounds", false, reverseOf(func(m *Model, lower, upper []byte) kv.ReverseIterator {
		if lower != nil {
			lower = append(bytes.Clone(lower), 0)
		}
		return m.ScanReverse(lower, upper)
	})},
	{"SeekLT is SeekLE", "ReverseBounds", true, reverseOf(func(m *Model, lower, upper []byte) kv.ReverseIterator {
		return seekLE{m.iter(lower, upper)}
	})},
	{"a walk downwards starts again", "ReverseMoves", true, reverseOf(func(m *Model, lower, upper []byte) kv.ReverseIterator {
		return prevAtEnd{m.iter(lower, upper)}
	})},
	{"snapshots do not scan downwards", "ReverseOfViews", true, func() *broken {
		return &broken{snapshot: func(m *Model) (kv.Snapshot, error) {
			snap, err := m.Snapshot()
			return withoutReverse{snap}, err
		}}
	}},
	{"zeros at the end of upper bounds are lost", "ReverseKeySizes", true, reverseOf(func(m *Model, lower, upper []byte) kv.ReverseIterator {
		if len(upper) > 0 {
			upper = bytes.TrimRight(upper, "\x00")
		}
		return m.ScanReverse(lower, upper)
	})},
	{"reverse iterators do not know of close", "ReverseClosed", true, reverseOf(func(m *Model, lower, upper []byte) kv.ReverseIterator {
		return neverClosed{m.iter(lower, upper)}
	})},
	{"range deletes are left out", "RangeDeletesRefused", true, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			err := rewritten(m, b, d, func(out *kv.Batch, op kv.Ops) {
				if op.Kind != kv.OpDeleteRange {
					copyOp(out, op)
				}
			})
			if err == nil && b.HasRangeDeletes() {
				err = kv.ErrUnsupported
			}
			return err
		}}
	}},
	{"range deletes take their upper bound", "RangeDelete", false, rangesAs(func(lower, upper []byte) ([]byte, []byte) {
		if upper != nil {
			upper = append(bytes.Clone(upper), 0)
		}
		return lower, upper
	})},
	{"range deletes come last in a batch", "RangeDeleteOrder", false, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			var out kv.Batch
			for _, ranges := range []bool{false, true} {
				for ops := b.Ops(); ops.Next(); {
					if (ops.Kind == kv.OpDeleteRange) == ranges {
						copyOp(&out, ops)
					}
				}
			}
			return errors.Join(b.Check(), m.Apply(&out, d))
		}}
	}},
	{"range deletes reach open snapshots", "RangeDeleteViews", false, func() *broken {
		var views []*state
		return &broken{
			snapshot: func(m *Model) (kv.Snapshot, error) {
				snap, err := m.Snapshot()
				if err == nil {
					views = append(views, snap.(*modelSnapshot).state)
				}
				return snap, err
			},
			apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
				for ops := b.Ops(); ops.Next(); {
					var one kv.Batch
					copyOp(&one, ops)
					for _, v := range views {
						if ops.Kind == kv.OpDeleteRange {
							v.apply(one.Ops())
						}
					}
				}
				return m.Apply(b, d)
			},
		}
	}},
	{"zeros at the end of bounds are lost", "RangeDeleteKeySizes", false, rangesAs(func(lower, upper []byte) ([]byte, []byte) {
		return bytes.TrimRight(lower, "\x00"), upper
	})},
	{"range deletes conflict with nothing", "RangeDeleteConflicts", false, func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			before := len(m.log)
			err := m.Apply(b, d)
			if b.HasRangeDeletes() {
				m.log = m.log[:min(before, len(m.log))]
			}
			return err
		}}
	}},
	{"a checkpoint is empty", "Checkpoint", false, checkpointOf(func(m *Model, dir string) error {
		return m.checkpoint(dir, new(state))
	})},
	{"a checkpoint has a part of a batch", "CheckpointWhileWriting", false, func() *broken {
		return &broken{checkpoint: func(m *Model, dir string) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			part := m.state.clone()
			part.PopMin()
			return m.checkpoint(dir, part)
		}}
	}},
	{"a checkpoint replaces what is there", "CheckpointRefused", true, checkpointOf(func(m *Model, dir string) error {
		if err := m.Checkpoint(dir); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})},
	{"a checkpoint that failed leaves its directory", "CheckpointRefused", true, checkpointOf(func(m *Model, dir string) error {
		err := m.Checkpoint(dir)
		if err != nil {
			err = errors.Join(err, os.MkdirAll(dir, 0o755))
		}
		return err
	})},
	{"an LSN inside a batch shows the batch", "HistoryByLSN", true, func() *broken {
		return &broken{snapshotAt: func(m *Model, lsn uint64) (kv.Snapshot, error) {
			for _, then := range m.past {
				if then.first <= lsn && lsn <= then.last {
					return m.SnapshotAt(then.last)
				}
			}
			return m.SnapshotAt(lsn)
		}}
	}},
	{"an LSN of the future shows the newest state", "HistoryByLSN", true, func() *broken {
		return &broken{snapshotAt: func(m *Model, lsn uint64) (kv.Snapshot, error) { return m.SnapshotAt(min(lsn, m.lsn)) }}
	}},
	{"a time shows the newest state", "HistoryByTime", true, func() *broken {
		return &broken{atTime: func(m *Model, t time.Time) (kv.Snapshot, error) {
			if t.Before(m.past[0].at) {
				return nil, kv.ErrSnapshotTooOld
			}
			return m.Snapshot()
		}}
	}},
	{"a view of the past goes on with the store", "HistoryKept", true, func() *broken {
		return &broken{snapshotAt: func(m *Model, lsn uint64) (kv.Snapshot, error) {
			snap, err := m.SnapshotAt(lsn)
			if err == nil && lsn == m.lsn {
				snap = liveSnapshot{snap, m}
			}
			return snap, err
		}}
	}},
	{"what is too old shows the oldest state", "HistoryTooOld", true, func() *broken {
		return &broken{snapshotAt: func(m *Model, lsn uint64) (kv.Snapshot, error) { return m.SnapshotAt(max(lsn, m.past[0].last)) }}
	}},
	{"the past can be read after close", "HistoryClosed", true, func() *broken {
		return &broken{snapshotAt: func(m *Model, lsn uint64) (kv.Snapshot, error) {
			snap, err := m.SnapshotAt(lsn)
			if errors.Is(err, kv.ErrClosed) {
				err = nil
			}
			return snap, err
		}}
	}},
}

func checkpointOf(change func(m *Model, dir string) error) func() *broken {
	return func() *broken { return &broken{checkpoint: change} }
}

// rangesAs makes an engine that changes the bounds of range deletes.
func rangesAs(change func(lower, upper []byte) ([]byte, []byte)) func() *broken {
	return func() *broken {
		return &broken{apply: func(m *Model, b *kv.Batch, d kv.Durability) error {
			return rewritten(m, b, d, func(out *kv.Batch, op kv.Ops) {
				if op.Kind == kv.OpDeleteRange {
					op.Key, op.Value = change(op.Key, op.Value)
				}
				copyOp(out, op)
			})
		}}
	}
}

// TestSuiteFindsLostCommits runs the cases of crashes on machines that lose or tear what
// they may not.
func TestSuiteFindsLostCommits(t *testing.T) {
	faults := map[string]struct {
		run   func(t testing.TB, h Harness)
		crash func(m *machine, kind CrashKind)
	}{
		"half of a transaction survives": {testTxnCrash, func(m *machine, _ CrashKind) {
			m.saved[storeDir] = m.states[len(m.states)-1].clone()
			m.saved[storeDir].PopMin()
		}},
		"a synced commit is lost": {testTxnCrash, func(m *machine, _ CrashKind) {
			m.saved[storeDir] = m.states[max(m.synced-1, 0)]
		}},
		"an open transaction survives": {testTxnCrash, func(m *machine, _ CrashKind) {
			m.saved[storeDir] = m.states[len(m.states)-1].clone()
			m.saved[storeDir].Set("0000", "open")
		}},
		"a checkpoint is lost": {testCheckpointCrash, func(m *machine, _ CrashKind) {
			m.saved[storeDir] = m.states[m.synced]
			delete(m.saved, storeDir+checkpointSuffix)
		}},
		"a checkpoint is torn": {testCheckpointCrash, func(m *machine, _ CrashKind) {
			m.saved[storeDir] = m.states[m.synced]
			m.saved[storeDir+checkpointSuffix].PopMax()
		}},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			h := Harness{NewMachine: func() Machine { return &lossy{newMachine().(*machine), f.crash} }}
			if text := failure(t, func(t testing.TB) { f.run(t, h) }); text == "" {
				t.Error("not found")
			} else {
				t.Log(text)
			}
		})
	}
}

// TestKnown: a case that is known to fail has to.
func TestKnown(t *testing.T) {
	sound := modelHarness()
	sound.Known = map[string]string{"Snapshot": "why"}
	var text string
	t.Run("passes", func(t *testing.T) {
		text = failure(t, func(t testing.TB) { runKnown(t, Case{"Snapshot", testSnapshot}, sound, "why") })
	})
	if text == "" {
		t.Error("a case that is known to fail passes, and nobody says so")
	}
}
