package lsm

import (
	"sync/atomic"
	"time"

	"lsmlab/engines/kv"
)

// counters count since open.
type counters struct {
	flushes, flushBytes               atomic.Int64
	compactions                       atomic.Int64
	compactionRead, compactionWritten atomic.Int64
	reads                             [numStripes]readCounters
}

// readCounters are striped as references are, for the same reason.
type readCounters struct {
	points, searched, asked, spared atomic.Int64
	_                               [96]byte
}

func (c *readCounters) count(q *tableSearch) {
	c.points.Add(1)
	if q.asked != 0 {
		c.asked.Add(q.asked)
		if q.searched != 0 {
			c.searched.Add(q.searched)
		}
		if q.spared != 0 {
			c.spared.Add(q.spared)
		}
	}
}

// Metrics implements [kv.Metricer]. On a closed store the gauges are zero.
func (db *DB) Metrics() kv.Metrics {
	w := db.wal.Metrics()
	c := &db.counters
	m := kv.Metrics{
		WALBytes:               w.Bytes,
		FlushBytes:             c.flushBytes.Load(),
		CompactionReadBytes:    c.compactionRead.Load(),
		CompactionWrittenBytes: c.compactionWritten.Load(),
		Flushes:                c.flushes.Load(),
		Compactions:            c.compactions.Load(),
		Stalls:                 db.throttle.stalls.Load(),
		StallTime:              time.Duration(db.throttle.stallNanos.Load()),
	}
	m.CacheHits, m.CacheMisses = db.cache.Counters()
	for i := range c.reads {
		m.PointReads += c.reads[i].points.Load()
		m.TableReads += c.reads[i].searched.Load()
		m.BloomChecks += c.reads[i].asked.Load()
		m.BloomNegatives += c.reads[i].spared.Load()
	}
	m.UserBytes = db.writes.userBytes.Load()
	m.DiskFreeBytes, m.DiskLowBytes = db.diskRoom()
	s, ok := db.acquire()
	if !ok {
		return m
	}
	defer s.release()
	for _, mem := range s.mems {
		m.MemTableBytes += mem.table.Size()
		m.MemTableEntries += mem.entries()
	}
	m.ImmutableTables = int64(len(s.mems) - 1)
	m.CompactionDebtBytes = s.layout.Debt()
	m.LogBytes, m.LogPoolBytes = w.LiveBytes, w.PooledBytes
	m.ObsoleteTableBytes = db.trash.bytes.Load()
	m.ManifestBytes = db.edits.bytes.Load()
	for level := range s.version.Levels {
		l := kv.LevelMetrics{Tables: int64(len(s.version.Levels[level])), Bytes: s.version.LevelBytes(level)}
		m.Levels = append(m.Levels, l)
		m.TableBytes += l.Bytes
	}
	m.DiskBytes = m.TableBytes + m.ObsoleteTableBytes + m.LogBytes + m.LogPoolBytes + m.ManifestBytes
	m.Levels[0].Runs = int64(len(s.layout.Runs()))
	return m
}
