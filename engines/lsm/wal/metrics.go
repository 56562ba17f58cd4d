package wal

// Metrics are a writer's counters since it was made, and its gauges now.
type Metrics struct {
	Bytes       int64 // handed over: records, headers, marks, and zeros ahead of them
	Records     int64 // appended
	Writes      int64 // of the buffer; 0 with Mapped
	Syncs       int64 // times that a leader synced what was pending
	SyncCommits int64 // calls of Commit that asked for Synced
	// SyncGroups[i] counts the syncs that covered 2^(i-1) to 2^i-1 records;
	// [0] those that covered none, the last one all larger. With Mapped a record that
	// is being stored counts to the sync before its own.
	SyncGroups [16]int64

	SegmentsMade int64 // recycled ones included
	Recycled     int64
	Removed      int64
	Live         int64 // segments that hold records, the current one included
	LiveBytes    int64 // of their files
	Pooled       int64 // segments waiting to be recycled
	PooledBytes  int64 // of their files

	syncedRecords int64
}

// Metrics returns the counters.
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
