package kv

import "time"

// Metrics are an engine's counters since it was opened, and its gauges now. A
// field that an engine cannot fill is zero.
type Metrics struct {
	UserBytes              int64 // keys and values applied
	WALBytes               int64 // written to logs
	FlushBytes             int64 // written to tables by flushes
	CompactionReadBytes    int64
	CompactionWrittenBytes int64

	Flushes     int64
	Compactions int64
	Stalls      int64         // writes that were slowed down or stopped
	StallTime   time.Duration // total

	MemTableBytes       int64 // active and immutable
	MemTableEntries     int64
	ImmutableTables     int64
	CompactionDebtBytes int64 // estimated bytes that compaction has yet to write
	DiskBytes           int64 // all files; the five below say what for, where an engine tells that
	TableBytes          int64 // tables of the present version
	ObsoleteTableBytes  int64 // tables that only readers hold, or that are about to be removed
	LogBytes            int64 // logs that hold writes which no table has, and the one being written
	LogPoolBytes        int64 // log files kept to be written again
	ManifestBytes       int64
	DiskFreeBytes       int64 // that the file system still has for this process
	DiskLowBytes        int64 // below this much free the disk should be looked after: soon the engine refuses to grow
	Levels              []LevelMetrics

	BloomChecks, BloomNegatives int64 // tables asked; tables spared
	CacheHits, CacheMisses      int64
	TableReads                  int64 // tables searched by point reads
	PointReads                  int64
}

// LevelMetrics describe one level; index 0 is L0.
type LevelMetrics struct {
	Tables int64
	Bytes  int64
	// Runs are the sorted runs that a read may have to search, if the engine tells:
	// else every table of L0 is one.
	Runs int64
}

// WriteAmp returns bytes written to logs and tables for each byte applied, or
// 0 before any write.
func (m Metrics) WriteAmp() float64 {
	if m.UserBytes == 0 {
		return 0
	}
	return float64(m.WALBytes+m.FlushBytes+m.CompactionWrittenBytes) / float64(m.UserBytes)
}

// ReadAmp returns the tables searched by each point read, or 0 before any.
func (m Metrics) ReadAmp() float64 {
	if m.PointReads == 0 {
		return 0
	}
	return float64(m.TableReads) / float64(m.PointReads)
}
