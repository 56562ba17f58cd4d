package kvtest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
		m = newModel(m.state.clone())
	}
	m.checkpoint = d.checkpoint
	if d.byDir == nil {
		d.byDir = map[string]*Model{}
	}
	d.byDir[dir] = m
	return m, nil
}

// checkpoint keeps a closed model in place of the store in dir.
func (d *disks) checkpoint(dir string, s *state) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := os.Stat(filepath.Dir(dir)); err != nil {
		return err
	}
	if d.byDir[dir] != nil {
		return fmt.Errorf("%s: %w", dir, fs.ErrExist)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	m := newModel(s)
	d.byDir[dir] = m
	return m.Close()
}

// machine is a machine whose stores are models with a history of states.
type machine struct {
	saved  map[string]*state // what the next Open finds, by directory
	states []*state          // of the store, after each batch since the last that cannot be lost
	handed int               // index into states
	synced int
}

func newMachine() Machine { return &machine{saved: map[string]*state{}} }

func (m *machine) Open(dir string) (kv.Engine, error) {
	if m.saved[dir] == nil {
		m.saved[dir] = new(state)
	}
	model := newModel(m.saved[dir].clone())
	if dir != storeDir {
		return model, nil
	}
	first := m.saved[dir]
	m.states, m.handed, m.synced = []*state{first}, 0, 0
	model.applied = func(now *state, d kv.Durability) {
		if len(m.states) == 0 || m.states[0] != first {
			return // a crash has cut it off
		}
		m.states = append(m.states, now.clone())
		if d >= kv.Buffered {
			m.handed = len(m.states) - 1
		}
		if d >= kv.Synced {
			m.synced = len(m.states) - 1
		}
		m.saved[dir] = now.clone()
	}
	model.checkpoint = func(dir string, s *state) error {
		if m.saved[dir] != nil {
			return fmt.Errorf("%s: %w", dir, fs.ErrExist)
		}
		m.saved[dir] = s
		return nil
	}
	return model, nil
}

func (m *machine) Crash(kind CrashKind, seed uint64) {
	floor := m.handed
	if kind == PowerOff {
		floor = m.synced
	}
	m.saved[storeDir] = m.states[floor+int(seed%uint64(len(m.states)-floor))]
	m.states = nil // the old engine is cut off
}

func modelHarness() Harness { return Harness{Open: new(disks).open} }

func crashHarness() Harness {
	return Harness{Open: new(disks).open, NewMachine: newMachine}
}

func TestModel(t *testing.T)       { Run(t, modelHarness()) }
func TestModelRandom(t *testing.T) { Random(t, modelHarness()) }
func TestModelCrash(t *testing.T)  { Random(t, crashHarness()) }
func FuzzModel(f *testing.F)       { Fuzz(f, crashHarness()) }
