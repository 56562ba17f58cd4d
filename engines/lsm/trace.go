package lsm

import "lsmlab/engines/kv"

// The steps of a traced write and of a traced point read.
const (
	stepAssign   = "assign"     // commit lock, stalls, LSN, WAL record
	stepMemTable = "memtable"   // adding to the active one; searching all
	stepPublish  = "publish"    // waiting for the writes before
	stepWAL      = "wal wait"   // until the operating system has the record
	stepSync     = "sync"       // until the disk has it
	stepThrottle = "throttle"   // slowed down because compactions are behind
	stepTables   = "table read" // searching the tables
)

// Traced implements [kv.Tracer].
func (db *DB) Traced(t *kv.Trace) kv.Engine { return traced{db, t} }

// traced is the view of a DB that records steps.
type traced struct {
	*DB
	trace *kv.Trace
}

func (v traced) Apply(b *kv.Batch, d kv.Durability) error {
	_, err := v.ApplyLSN(b, d)
	return err
}

func (v traced) ApplyLSN(b *kv.Batch, d kv.Durability) (uint64, error) {
	defer v.trace.End()
	last, err := v.apply(b, d, nil, v.trace)
	return uint64(last), err
}

func (v traced) Get(dst, key []byte) ([]byte, error) {
	defer v.trace.End()
	return v.getNewest(dst, key, v.trace)
}
