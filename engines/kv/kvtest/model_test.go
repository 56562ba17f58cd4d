package kvtest

import (
	"fmt"
	"sync"
	"testing"

	"lsmlab/engines/kv"
)

// disks keeps the models that stand for stores in directories.
type disks struct {
	mu    sync.Mutex
	byDir map[string]*Model
}

func (d *disks) open(dir string) (kv.Engine, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.byDir[dir]
	switch {
	case m == nil:
		m = NewModel()
	case !m.isClosed():
		return nil, fmt.Errorf("%w: %s", kv.ErrInUse, dir)
	default:
		m = &Model{state: *m.state.clone()}
	}
	if d.byDir == nil {
		d.byDir = map[string]*Model{}
	}
	d.byDir[dir] = m
	return m, nil
}

// machine is a machine whose store is a model with a history of states.
type machine struct {
	saved  *state   // what the next Open finds
	states []*state // after each batch since the last that cannot be lost
	handed int      // index into states
	synced int
}

func newMachine() Machine { return &machine{saved: new(state)} }

func (m *machine) Open() (kv.Engine, error) {
	m.states, m.handed, m.synced = []*state{m.saved}, 0, 0
	return &recordedModel{Model: &Model{state: *m.saved.clone()}, machine: m}, nil
}

func (m *machine) Crash(kind CrashKind, seed uint64) {
	floor := m.handed
	if kind == PowerOff {
		floor = m.synced
	}
	m.saved = m.states[floor+int(seed%uint64(len(m.states)-floor))]
	m.states = nil // the old engine is cut off
}

type recordedModel struct {
	*Model
	machine *machine
}

func (r *recordedModel) Apply(b *kv.Batch, d kv.Durability) error {
	err := r.Model.Apply(b, d)
	if m := r.machine; err == nil && m.states != nil {
		m.states = append(m.states, r.state.clone())
		if d >= kv.Buffered {
			m.handed = len(m.states) - 1
		}
		if d >= kv.Synced {
			m.synced = len(m.states) - 1
		}
	}
	return err
}

func (r *recordedModel) Close() error {
	if !r.isClosed() && len(r.machine.states) > 0 {
		r.machine.saved = r.machine.states[len(r.machine.states)-1]
	}
	return r.Model.Close()
}

func modelHarness() Harness { return Harness{Open: new(disks).open} }

func crashHarness() Harness {
	return Harness{Open: new(disks).open, NewMachine: newMachine}
}

func TestModel(t *testing.T)       { Run(t, modelHarness()) }
func TestModelRandom(t *testing.T) { Random(t, modelHarness()) }
func TestModelCrash(t *testing.T)  { Random(t, crashHarness()) }
func FuzzModel(f *testing.F)       { Fuzz(f, crashHarness()) }
