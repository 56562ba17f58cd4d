// Package jump makes an engine of several: jumpN:ENGINE is N shards, each an engine of its
// own with the keys that jump consistent hashing gives it, in one process.
//
//   - A key is written to and read from its shard alone, at the level that is asked for.
//   - A batch whose keys are in several shards is atomic, for readers and across a crash: it
//     is noted in a file before a shard has any of it, and what a crash interrupts is done
//     when the store is opened again. It is always written at the strongest level that the
//     shards give, as a weaker one could be lost by one shard alone. A store without
//     [kv.Synced] keeps such a batch whole when the process is killed, but not when the
//     power fails.
//   - Scans and snapshots are of one state of all shards, and scans merge the shards.
//
// The price: a batch across shards, a scan and a snapshot wait until no write is under way,
// and others wait for them, a scan or snapshot while it is opened and a batch until it is
// done, which takes two more syncs. The number of shards is that with which the store was
// made; nothing moves keys to other shards yet.
//
// Limits: no transactions, no range deletes, no checkpoints. README.md of package cluster
// has the guarantees with the tests that show them.
package jump

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"lsmlab/engines/cluster/parts"
	"lsmlab/engines/cluster/roster"
	"lsmlab/engines/internal/adapter"
	"lsmlab/engines/kv"
)

// MaxShards is how many shards a store may have.
const MaxShards = 64

// roll keeps how many shards a store has.
var roll = roster.Kind{Part: "shard", Engine: "jump", Most: MaxShards}

// Options are the settings of a store, all of which must be set.
type Options struct {
	Shards int // 1 to MaxShards, as it was when the store was made
	// Open opens the store of one shard in a directory.
	Open func(dir string) (kv.Engine, error)
	// Levels are the durability levels that the shards give.
	Levels []kv.Durability
}

// Engine is a sharded store. It implements [kv.Metricer], and [kv.Flusher], [kv.Compacter]
// and [kv.Verifier] by those of its shards.
type Engine struct {
	*adapter.Engine
	store *store
}

// Open opens the store in dir, making it if it is missing.
func Open(dir string, o Options) (*Engine, error) {
	fresh, err := roll.Claim(dir, o.Shards)
	if err != nil {
		return nil, err
	}
	s := &store{whole: slices.Max(o.Levels)}
	if err = s.open(dir, &o, fresh); err == nil && fresh {
		err = roll.Made(dir, o.Shards)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Engine{adapter.New(s, o.Levels...), s}, nil
}

// store is the shards of a store. It implements [adapter.Store].
type store struct {
	shards parts.Stores
	intent *intent
	whole  kv.Durability // of a batch across shards

	// mu is held for reading by whatever is done in one shard, and for writing by what must
	// see or change all shards in one state.
	mu      sync.RWMutex
	pending *pending
}

func (s *store) open(dir string, o *Options, fresh bool) (err error) {
	for number := 1; number <= o.Shards; number++ {
		of := roll.Dir(dir, number)
		if entries, _ := os.ReadDir(of); !fresh && len(entries) == 0 {
			return fmt.Errorf("%w: shard %d of %d: %s is missing or empty, the store is not new", kv.ErrCorrupt, number, o.Shards, of)
		}
		e, err := o.Open(of)
		if err != nil {
			return fmt.Errorf("shard %d of %d: %w", number, o.Shards, err)
		}
		s.shards = append(s.shards, e)
	}
	if s.intent, err = openIntent(filepath.Join(dir, "batch"), s.whole == kv.Synced); err != nil {
		return err
	}
	encoded, err := s.intent.read()
	if err != nil || encoded == nil {
		return err
	}
	if s.pending, err = split(encoded, o.Shards); err != nil {
		return fmt.Errorf("%s: %w", s.intent.f.Name(), err)
	}
	s.pending.logged = true
	return s.finish()
}

// Close closes all shards. What is pending is done when the store is opened again.
func (s *store) Close() (err error) {
	if s.intent != nil {
		err = s.intent.Close()
	}
	return errors.Join(err, s.shards.Close())
}

// share waits until nothing is pending and holds the lock for reading, unless it fails.
func (s *store) share() error {
	for {
		s.mu.RLock()
		if s.pending == nil {
			return nil
		}
		s.mu.RUnlock()
		if err := s.exclude(); err != nil {
			return err
		}
		s.mu.Unlock()
	}
}

// exclude holds the lock for writing, with nothing pending, unless it fails.
func (s *store) exclude() error {
	s.mu.Lock()
	if err := s.finish(); err != nil {
		s.mu.Unlock()
		return err
	}
	return nil
}

// Apply implements [adapter.Store].
func (s *store) Apply(b *kv.Batch, d kv.Durability) error {
	if at, ok := home(b, len(s.shards)); ok {
		if err := s.share(); err != nil {
			return err
		}
		defer s.mu.RUnlock()
		return s.shards[at].Apply(b, d)
	}
	p, err := split(b.Bytes(), len(s.shards))
	if err != nil {
		return err
	}
	if err := s.exclude(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.pending = p
	return s.finish()
}

// Get implements [adapter.View].
func (s *store) Get(dst, key []byte) ([]byte, error) {
	if err := s.share(); err != nil {
		return dst, err
	}
	defer s.mu.RUnlock()
	return s.shards[shard(key, len(s.shards))].Get(dst, key)
}

// Scan implements [adapter.View].
func (s *store) Scan(lower, upper []byte) (adapter.Cursor, error) {
	if err := s.exclude(); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return scan(s.shards, lower, upper), nil
}

// ScanReverse implements [adapter.View].
func (s *store) ScanReverse(lower, upper []byte) (adapter.ReverseCursor, error) {
	if err := s.exclude(); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return scanReverse(s.shards, lower, upper)
}

// Snapshot implements [adapter.Store].
func (s *store) Snapshot() (adapter.View, error) {
	if err := s.exclude(); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	v := &view{}
	for _, e := range s.shards {
		snap, err := e.Snapshot()
		if err != nil {
			return nil, errors.Join(err, v.Close())
		}
		v.shards = append(v.shards, snap)
	}
	return v, nil
}
