package workloads

import (
	"maps"
	"sync"

	"lsmlab/engines/kv"
)

// txnModel is a model with transactions: each works on a copy of the map, and commits if
// nobody has written what it wrote, or with serializable read, since the copy was taken.
// Commits are at once, but transactions overlap as the scheduler has it.
type txnModel struct {
	*model
	mu      sync.Mutex // of commits
	commits int
	written map[string]int // the commit that wrote a key last
	refuse  int            // the next so many commits are refused
	// careless commits without any check, and begins with the state before the last commit:
	// who writes what that commit wrote overwrites it unseen.
	careless bool
	before   map[string]string
}

func newTxnModel() *txnModel { return &txnModel{model: newModel(), written: map[string]int{}} }

func (m *txnModel) Begin(o kv.TxnOptions) (kv.Txn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	state := m.data
	if m.careless && m.before != nil {
		state = m.before
	}
	return &modelTxn{
		model: &model{data: maps.Clone(state)}, from: m, at: m.commits, o: o, touched: map[string]bool{}, writes: map[string]*string{},
	}, nil
}

type modelTxn struct {
	*model
	from    *txnModel
	at      int
	o       kv.TxnOptions
	touched map[string]bool
	writes  map[string]*string
}

func (t *modelTxn) Get(dst, key []byte) ([]byte, error) {
	if t.o.Isolation == kv.Serializable {
		t.touched[string(key)] = true
	}
	return t.model.Get(dst, key)
}

func (t *modelTxn) Set(key, value []byte) error {
	if t.o.ReadOnly {
		return kv.ErrUnsupported
	}
	v := string(value)
	t.touched[string(key)], t.writes[string(key)], t.data[string(key)] = true, &v, v
	return nil
}

func (t *modelTxn) Delete(key []byte) error {
	t.touched[string(key)], t.writes[string(key)] = true, nil
	delete(t.data, string(key))
	return nil
}

func (t *modelTxn) Commit(kv.Durability) error {
	m := t.from
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(t.writes) == 0 {
		return nil
	}
	if m.refuse > 0 {
		m.refuse--
		return kv.ErrConflict
	}
	for key := range t.touched {
		if m.written[key] > t.at && !m.careless {
			return kv.ErrConflict
		}
	}
	m.commits++
	m.before = maps.Clone(m.data)
	for key, value := range t.writes {
		m.written[key] = m.commits
		if value == nil {
			delete(m.data, key)
		} else {
			m.data[key] = *value
		}
	}
	return nil
}

func (t *modelTxn) Discard() {}
