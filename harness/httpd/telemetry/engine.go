package telemetry

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"lsmlab/engines/kv"
)

// engineCollector turns the counters of an engine into metrics at each scrape.
type engineCollector struct {
	counters func() kv.Metrics
	ready    func() error
}

// figure is one metric of an engine.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(kv.Metrics) float64
}

func counter(name, help string, of func(kv.Metrics) int64) figure {
	return figure{desc("engine_"+name+"_total", help), prometheus.CounterValue, func(m kv.Metrics) float64 { return float64(of(m)) }}
}

func gauge(name, help string, of func(kv.Metrics) int64) figure {
	return figure{desc("engine_"+name, help), prometheus.GaugeValue, func(m kv.Metrics) float64 { return float64(of(m)) }}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("lsmlab_"+name, help, labels, nil)
}

var (
	figures = []figure{
		counter("user_bytes", "Bytes of keys and values applied.", func(m kv.Metrics) int64 { return m.UserBytes }),
		counter("wal_bytes", "Bytes written to logs.", func(m kv.Metrics) int64 { return m.WALBytes }),
		counter("flush_bytes", "Bytes written to tables by flushes.", func(m kv.Metrics) int64 { return m.FlushBytes }),
		counter("compaction_read_bytes", "Bytes read by compactions.", func(m kv.Metrics) int64 { return m.CompactionReadBytes }),
		counter("compaction_written_bytes", "Bytes written by compactions.", func(m kv.Metrics) int64 { return m.CompactionWrittenBytes }),
		counter("flushes", "Flushes of a MemTable.", func(m kv.Metrics) int64 { return m.Flushes }),
		counter("compactions", "Compactions.", func(m kv.Metrics) int64 { return m.Compactions }),
		counter("stalls", "Writes that were slowed down or stopped.", func(m kv.Metrics) int64 { return m.Stalls }),
		{
			desc("engine_stall_seconds_total", "Time that writes were slowed down or stopped."), prometheus.CounterValue,
			func(m kv.Metrics) float64 { return m.StallTime.Seconds() },
		},
		counter("bloom_checks", "Tables asked by their bloom filter.", func(m kv.Metrics) int64 { return m.BloomChecks }),
		counter("bloom_negatives", "Tables spared by their bloom filter.", func(m kv.Metrics) int64 { return m.BloomNegatives }),
		counter("cache_hits", "Blocks found in the cache.", func(m kv.Metrics) int64 { return m.CacheHits }),
		counter("cache_misses", "Blocks not found in the cache.", func(m kv.Metrics) int64 { return m.CacheMisses }),
		counter("table_reads", "Tables searched by point reads.", func(m kv.Metrics) int64 { return m.TableReads }),
		counter("point_reads", "Point reads.", func(m kv.Metrics) int64 { return m.PointReads }),
		gauge("memtable_bytes", "Bytes in active and immutable MemTables.", func(m kv.Metrics) int64 { return m.MemTableBytes }),
		gauge("memtable_entries", "Entries in active and immutable MemTables.", func(m kv.Metrics) int64 { return m.MemTableEntries }),
		gauge("immutable_tables", "MemTables that wait for their flush.", func(m kv.Metrics) int64 { return m.ImmutableTables }),
		gauge("compaction_debt_bytes", "Bytes that compactions have yet to write.", func(m kv.Metrics) int64 { return m.CompactionDebtBytes }),
		gauge("disk_bytes", "Bytes of all files of the store.", func(m kv.Metrics) int64 { return m.DiskBytes }),
		gauge("table_bytes", "Bytes of the tables that count.", func(m kv.Metrics) int64 { return m.TableBytes }),
		gauge("obsolete_table_bytes", "Bytes of tables that only readers hold, or that are about to be removed.", func(m kv.Metrics) int64 { return m.ObsoleteTableBytes }),
		gauge("log_bytes", "Bytes of the logs that are needed, and of the one being written.", func(m kv.Metrics) int64 { return m.LogBytes }),
		gauge("log_pool_bytes", "Bytes of log files kept to be written again.", func(m kv.Metrics) int64 { return m.LogPoolBytes }),
		gauge("manifest_bytes", "Bytes of the manifest.", func(m kv.Metrics) int64 { return m.ManifestBytes }),
		gauge("disk_free_bytes", "Bytes that the file system still has.", func(m kv.Metrics) int64 { return m.DiskFreeBytes }),
		gauge("disk_low_bytes", "Below so many free bytes the disk should be looked after.", func(m kv.Metrics) int64 { return m.DiskLowBytes }),
	}
	levelTables = desc("engine_level_tables", "Tables of a level.", "level")
	levelBytes  = desc("engine_level_bytes", "Bytes of a level.", "level")
	readyGauge  = desc("ready", "1 if clients should be sent here.")
)

// Describe implements [prometheus.Collector].
func (c *engineCollector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range figures {
		out <- f.desc
	}
	out <- levelTables
	out <- levelBytes
	out <- readyGauge
}

// Collect implements [prometheus.Collector].
func (c *engineCollector) Collect(out chan<- prometheus.Metric) {
	m := c.counters()
	for _, f := range figures {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.of(m))
	}
	for i, l := range m.Levels {
		level := strconv.Itoa(i)
		out <- prometheus.MustNewConstMetric(levelTables, prometheus.GaugeValue, float64(l.Tables), level)
		out <- prometheus.MustNewConstMetric(levelBytes, prometheus.GaugeValue, float64(l.Bytes), level)
	}
	ready := 0.0
	if c.ready() == nil {
		ready = 1
	}
	out <- prometheus.MustNewConstMetric(readyGauge, prometheus.GaugeValue, ready)
}
