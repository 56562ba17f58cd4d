// Package noop is an engine that does nothing: what a race measures on it is
// the cost of the harness itself. Every read finds an empty value, every scan
// is empty, every write is accepted at any durability and forgotten. It is no
// engine of the contract and never part of a race by default.
package noop

import "lsmlab/engines/kv"

type engine struct{}

// Open returns the engine; dir is not touched.
func Open(string) (kv.Engine, error) { return engine{}, nil }

func (engine) Get(dst, _ []byte) ([]byte, error)    { return dst, nil }
func (engine) Scan(_, _ []byte) kv.Iterator         { return iterator{} }
func (engine) Apply(*kv.Batch, kv.Durability) error { return nil }
func (engine) Snapshot() (kv.Snapshot, error)       { return engine{}, nil }
func (engine) Close() error                         { return nil }

type iterator struct{}

func (iterator) First() bool        { return false }
func (iterator) SeekGE([]byte) bool { return false }
func (iterator) Next() bool         { return false }
func (iterator) Key() []byte        { return nil }
func (iterator) Value() []byte      { return nil }
func (iterator) Close() error       { return nil }
