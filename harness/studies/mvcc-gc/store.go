package mvccgc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/vfs"
	"lsmlab/harness/micro"
	"lsmlab/workloads"
)

// engine is what is asked of a contender.
type engine interface {
	kv.Engine
	kv.LSNApplier
	kv.LSNReporter
	kv.Transactor
	kv.Historian
	kv.Flusher
	kv.Compacter
	kv.Metricer
	kv.Checkpointer
}

// store is a contender with the history of its writes. A value begins with the number of its
// write, so an answer names the version that it is.
type store struct {
	engine    engine
	dir, copy string
	keys      uint32
	style     workloads.Keys

	mu      sync.Mutex // writers take turns, so that the order of LSNs is known; of what follows
	history history
	batch   kv.Batch
	key     []byte
	value   []byte

	leastBytes     int64 // of tables with one version of each key
	tableBytesMost int64 // seen by sample
}

// openStore makes a store in which each key has one version, in a table.
func openStore(ctx context.Context, name string, o engines.Options, j micro.Job) (_ *store, err error) {
	s := &store{
		dir: filepath.Join(j.Dir, "store"), copy: filepath.Join(j.Dir, "copy"), keys: uint32(j.Keys),
		style: workloads.Keys{Style: workloads.DBBench, Size: j.KeySize},
		value: workloads.AppendValue(nil, 0, 1, max(j.ValueSize, 8), 0),
	}
	opened, err := engines.Open(name, s.dir, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.Close(), os.RemoveAll(s.dir))
		}
	}()
	var ok bool
	if s.engine, ok = opened.(engine); !ok {
		return nil, fmt.Errorf("%s: %w: transactions, the past or copies", name, kv.ErrUnsupported)
	}
	if err := errors.Join(s.overwriteAll(), s.engine.Flush(), s.engine.Compact()); err != nil {
		return nil, err
	}
	s.leastBytes = s.engine.Metrics().TableBytes
	return s, ctx.Err()
}

func (s *store) close() error { return errors.Join(s.engine.Close(), os.RemoveAll(s.dir)) }

// write overwrites a key.
func (s *store) write(key uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	binary.LittleEndian.PutUint64(s.value, uint64(len(s.history.lsns)))
	s.key = s.style.Append(s.key[:0], uint64(key))
	s.batch.Reset()
	s.batch.Set(s.key, s.value)
	lsn, err := s.engine.ApplyLSN(&s.batch, kv.Buffered)
	if err != nil {
		return err
	}
	s.history.add(key, lsn)
	return nil
}

func (s *store) overwriteAll() error {
	for key := range s.keys {
		if err := s.write(key); err != nil {
			return err
		}
	}
	return nil
}

// sample notes how much space tables take.
func (s *store) sample() {
	m := s.engine.Metrics()
	s.tableBytesMost = max(s.tableBytesMost, m.TableBytes+m.ObsoleteTableBytes)
}

// versions counts the versions that the store keeps, by a copy of it: what its MemTables hold
// is counted as a flush would write it.
func (s *store) versions() (_ float64, err error) {
	if err := s.engine.Checkpoint(s.copy); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.copy)) }()
	report, err := lsm.Verify(vfs.OS, s.copy)
	return float64(report.Entries), errors.Join(append(report.Findings, err)...)
}
