package parts

import "lsmlab/engines/kv"

// Measure adds the metrics of all stores to total: bytes and counts are those of all of
// them together, but for UserBytes, which are the caller's, and for what is told of the
// disk, which they share. Levels are added one by one.
func (s Stores) Measure(total *kv.Metrics) {
	for _, store := range s {
		of, ok := store.(kv.Metricer)
		if !ok {
			continue
		}
		one := of.Metrics()
		total.DiskFreeBytes, total.DiskLowBytes = one.DiskFreeBytes, one.DiskLowBytes
		add(total, &one)
	}
}

func add(total, one *kv.Metrics) {
	to := counters(total)
	for i, n := range counters(one) {
		*to[i] += *n
	}
	total.StallTime += one.StallTime
	for i, l := range one.Levels {
		if i == len(total.Levels) {
			total.Levels = append(total.Levels, kv.LevelMetrics{})
		}
		sum := &total.Levels[i]
		sum.Tables += l.Tables
		sum.Bytes += l.Bytes
		sum.Runs += l.Runs
	}
}

// counters are the fields that add up.
func counters(m *kv.Metrics) []*int64 {
	return []*int64{
		&m.WALBytes, &m.FlushBytes, &m.CompactionReadBytes, &m.CompactionWrittenBytes,
		&m.Flushes, &m.Compactions, &m.Stalls,
		&m.MemTableBytes, &m.MemTableEntries, &m.ImmutableTables, &m.CompactionDebtBytes,
		&m.DiskBytes, &m.TableBytes, &m.ObsoleteTableBytes, &m.LogBytes, &m.LogPoolBytes, &m.ManifestBytes,
		&m.BloomChecks, &m.BloomNegatives, &m.CacheHits, &m.CacheMisses, &m.TableReads, &m.PointReads,
	}
}
