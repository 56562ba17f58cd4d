package wal

// Metrics are a writer's counters since NewWriter, and its gauges as of now.
type Metrics struct {
	Bytes       int64 // handed over to the operating system: records, headers, end marks, and zeros written ahead
	Records     int64 // appended
	Writes      int64 // positioned writes of the buffer; 0 with Mapped
	Syncs       int64 // by leaders; one may sync several files
	SyncCommits int64 // calls of Commit that asked for Synced
	// SyncGroups[i] counts the syncs that covered 2^(i-1) to 2^i-1 records. [0] counts
	// those that covered none, and the last element counts all larger ones too. With
	// Mapped, a record that is being stored counts as covered by the sync before its
	// own.
	SyncGroups [16]int64

	SegmentsMade int64 // including recycled ones
	Recycled     int64
	Removed      int64
	Live         int64 // segments that hold records, including the current one
	LiveBytes    int64 // of the files of live segments
	Pooled       int64 // segments waiting to be recycled
	PooledBytes  int64 // of the files of pooled segments

	syncedRecords int64
}

// Metrics returns the counters and gauges.
func (w *Writer) Metrics() Metrics {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.m
	m.Pooled = int64(len(w.pool))
	for _, s := range w.pool {
		m.PooledBytes += s.size
	}
	m.Live = int64(len(w.live))
	for _, s := range w.live {
		m.LiveBytes += s.size
	}
	if w.cur != nil {
		m.Live++
		m.LiveBytes += w.cur.size
	}
	return m
}
