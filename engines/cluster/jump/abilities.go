package jump

import (
	"errors"

	"lsmlab/engines/kv"
)

// Flush implements [kv.Flusher]: each shard flushes, if its engine can.
func (e *Engine) Flush() error { return e.Do(e.store.shards.Flush) }

// Compact implements [kv.Compacter]: each shard compacts, if its engine can.
func (e *Engine) Compact() error { return e.Do(e.store.shards.Compact) }

// Verify implements [kv.Verifier]: each shard is checked, if its engine can.
func (e *Engine) Verify() error { return e.Do(e.store.shards.Verify) }

// Metrics implements [kv.Metricer]: counts are those of all shards together.
func (e *Engine) Metrics() kv.Metrics { return e.Measure(e.store.shards.Measure) }

// Writable implements [kv.WriteChecker].
func (e *Engine) Writable() error {
	return errors.Join(e.Engine.Writable(), e.Do(e.store.shards.Writable))
}
