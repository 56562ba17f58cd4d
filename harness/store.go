package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/machine"
	"lsmlab/workloads"
)

// progressFunc is told the phase of a cell, and which share of that phase is done, in
// [0, 1].
type progressFunc func(phase string, done float64)

// store is the store of one engine in this process, from its open to its close. The
// cells of a sequence share it.
type store struct {
	engine     kv.Engine
	metricer   kv.Metricer // nil if the engine keeps no metrics
	dir        string
	durability kv.Durability
	flushBytes int64 // size at which the engine flushes a MemTable

	openTime    time.Duration
	preloadTime time.Duration
	preloaded   bool
	uncompacted bool             // something was written since the last compaction
	applied     workloads.Counts // by the preload and by cells that have ended
	inserted    int64            // keys beyond those preloaded
	rssPeak     int64            // bytes, up to the last meter
}

// defaultFlushBytes is the size of MemTables that engines have if a plan gives none.
const defaultFlushBytes = 64 << 20

func openStore(cat Catalog, spec *CellSpec, progress progressFunc) (*store, error) {
	progress("open", 0)
	start := time.Now()
	engine, err := cat.Open(spec.Engine, spec.StoreDir, spec.Open)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	s := &store{engine: engine, dir: spec.StoreDir, durability: spec.Durability, openTime: time.Since(start)}
	s.flushBytes = cmp.Or(spec.Open.MemTableSize, defaultFlushBytes)
	s.metricer, _ = engine.(kv.Metricer)
	return s, nil
}

// preload stores the keys that a workload expects, unless an earlier cell did.
func (s *store) preload(ctx context.Context, w *workloads.Workload, progress progressFunc) error {
	if w.Preload() == "" || w.Killed() || s.preloaded {
		return nil
	}
	start := time.Now()
	if err := s.fill(ctx, w, progress); err != nil {
		return err
	}
	s.preloaded, s.uncompacted = true, true
	s.preloadTime = time.Since(start)
	return nil
}

// fill stores every key once. One thread does it, so that every engine gets the same
// sequence of batches. If the engine allows it, a batch is only handed to the operating
// system: [store.compact] makes everything durable afterwards.
func (s *store) fill(ctx context.Context, w *workloads.Workload, progress progressFunc) error {
	exec := workloads.NewExecutor(w, s.engine, min(s.durability, kv.Buffered))
	stream := w.PreloadStream(0, 1)
	total := float64(w.PreloadRows())
	for op := (workloads.Op{}); stream.Next(&op); {
		err := exec.Do(&op)
		if errors.Is(err, kv.ErrUnsupported) { // the engine has no weaker durability level than that of the cell
			exec = workloads.NewExecutor(w, s.engine, s.durability)
			err = exec.Do(&op)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		progress("preload", float64(exec.Counts.Writes)/total)
	}
	s.applied.Add(exec.Counts)
	return nil
}

// compact flushes and compacts the store, and makes the operating system write what it
// still holds, so that the next cell does not pay for earlier work.
func (s *store) compact() error {
	if f, ok := s.engine.(kv.Flusher); ok {
		if err := f.Flush(); err != nil {
			return fmt.Errorf("flush: %w", err)
		}
	}
	if c, ok := s.engine.(kv.Compacter); ok {
		if err := c.Compact(); err != nil {
			return fmt.Errorf("compact: %w", err)
		}
	}
	s.uncompacted = false
	return machine.SyncFileSystem(s.dir)
}

// account adds what a cell has applied.
func (s *store) account(all workloads.Counts) {
	s.applied.Add(all)
	s.uncompacted = s.uncompacted || all.Writes+all.Deletes > 0
}

// closeAfter closes the engine after err, the error that matters. An error of Close is
// added to it.
func (s *store) closeAfter(err error) error {
	if closeErr := s.engine.Close(); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", closeErr))
	}
	return err
}
