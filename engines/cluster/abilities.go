package cluster

import (
	"errors"

	"lsmlab/engines/cluster/parts"
	"lsmlab/engines/kv"
)

// stores returns the stores of all members.
func (g *group) stores() (all parts.Stores) {
	for _, m := range g.members {
		all = append(all, m.store)
	}
	return all
}

// Flush implements [kv.Flusher]: each member flushes, if its engine can.
func (e *Engine) Flush() error { return e.Do(e.group.stores().Flush) }

// Compact implements [kv.Compacter]: each member compacts, if its engine can.
func (e *Engine) Compact() error { return e.Do(e.group.stores().Compact) }

// Verify implements [kv.Verifier]: each member is checked, if its engine can.
func (e *Engine) Verify() error { return e.Do(e.group.stores().Verify) }

// Metrics implements [kv.Metricer]: see [parts.Stores.Measure].
func (e *Engine) Metrics() kv.Metrics { return e.Measure(e.group.stores().Measure) }

// Writable implements [kv.WriteChecker].
func (e *Engine) Writable() error {
	return errors.Join(e.Engine.Writable(), e.group.Writable())
}
