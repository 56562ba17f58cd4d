package result

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"time"

	"lsmlab/harness/journal"

	"github.com/dgryski/go-tsz"
)

// Names of the timelines of a cell. Counters are differences over the interval
// that ends at the point's time; gauges are values at it.
const (
	SeriesOps         = "ops_per_sec"           // operations/s over the interval
	SeriesP99         = "p99_ns"                // service time over the interval, to 3%; intervals without operations have no point
	SeriesIntendedP99 = "intended_p99_ns"       // from the intended start, open loop only
	SeriesMemTable    = "memtable_bytes"        // gauge, active and immutable
	SeriesL0          = "l0_runs"               // gauge, what a read may have to search there
	SeriesDebt        = "compaction_debt_bytes" // gauge
	SeriesDisk        = "disk_bytes"            // gauge, as the engine counts
	SeriesFlushes     = "flushes"               // over the interval, as the engine counts; 0 if it does not
	SeriesCompactions = "compactions"           // the same
	SeriesStalls      = "stalls"                // the same
	SeriesHeap        = "heap_bytes"            // gauge, Go heap objects
	SeriesGC          = "gc_count"              // over the interval
	SeriesGCPause     = "gc_pause_ns"           // over the interval, to bucket precision
	SeriesRSS         = "rss_bytes"             // gauge
	SeriesCPU         = "cpu_cores"             // CPU seconds a second of this process over the interval
	SeriesWriteBytes  = "write_bytes_per_sec"   // over the interval, to storage
)

// SampleInterval is the distance between the points of a timeline.
const SampleInterval = 100 * time.Millisecond

const seriesMaxName = 1 << 10 // bytes

// Series is one timeline: Values[i] at Millis[i], milliseconds since the start
// of the measured part, rising.
type Series struct {
	Name   string
	Millis []int64
	Values []float64
}

// Add appends one point at time t after the start. Points at a time that is not
// after the last point's are moved one millisecond behind it.
func (s *Series) Add(t time.Duration, v float64) {
	ms := t.Milliseconds()
	if n := len(s.Millis); n > 0 && ms <= s.Millis[n-1] {
		ms = s.Millis[n-1] + 1
	}
	s.Millis = append(s.Millis, ms)
	s.Values = append(s.Values, v)
}

// The file of a cell's timelines, all numbers little-endian:
//
//	| magic "lsmtsz1\n" 8 | series count 4 | series ... |
//	series: | name length 2 | name | points 4 | block length 4 | block | crc32c 4 |
//
// The checksum covers its series from the name length to the end of the block.
// The block is what go-tsz makes (Pelkonen et al., "Gorilla", VLDB 2015), and is
// absent if there are no points: go-tsz reads an empty block as an error. A
// point of Millis m is stored at tick m+1, because go-tsz counts in uint32 and
// takes tick 0 for "no point yet"; t0 of a block is its first tick, because the
// first delta has 14 bits and is cut silently. The count and the checksum are
// there because go-tsz takes some damage for the end of the block.
//
// Part of the stored format; do not change.
const seriesMagic = "lsmtsz1\n"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxMillis is the last time that fits a tick: 49 days.
const maxMillis = 1<<32 - 2

// WriteSeries writes timelines to a file, whole or not at all.
func WriteSeries(path string, all []Series) error {
	b := append([]byte{}, seriesMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(all)))
	for _, s := range all {
		var err error
		if b, err = appendSeries(b, s); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return journal.WriteFile(path, b)
}

func appendSeries(b []byte, s Series) ([]byte, error) {
	if len(s.Name) > seriesMaxName || len(s.Millis) != len(s.Values) {
		return nil, fmt.Errorf("series %.40q: name of %d bytes, %d times, %d values", s.Name, len(s.Name), len(s.Millis), len(s.Values))
	}
	start := len(b)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(s.Name)))
	b = append(b, s.Name...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.Millis)))
	block, err := encodeBlock(s)
	if err != nil {
		return nil, err
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(block)))
	b = append(b, block...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli)), nil
}

func encodeBlock(s Series) ([]byte, error) {
	if len(s.Millis) == 0 {
		return nil, nil
	}
	var enc *tsz.Series
	last := int64(-1)
	for i, ms := range s.Millis {
		if ms <= last || ms > maxMillis {
			return nil, fmt.Errorf("series %q: time %d ms of point %d, want over %d and at most %d", s.Name, ms, i, last, int64(maxMillis))
		}
		last = ms
		tick := uint32(ms + 1)
		if enc == nil {
			enc = tsz.New(tick)
		}
		enc.Push(tick, s.Values[i])
	}
	enc.Finish()
	return enc.Bytes(), nil
}

// ReadSeries reads the timelines of a file.
func ReadSeries(path string) ([]Series, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all, offset, err := decodeSeries(b)
	if err != nil {
		return nil, &journal.DamageError{Path: path, Offset: int64(offset), What: err.Error(), Err: err}
	}
	return all, nil
}

var errSeriesShort = errors.New("the file ends within a series")

// decodeSeries returns the series of a file's content, or where it is damaged.
func decodeSeries(b []byte) (all []Series, offset int, err error) {
	if len(b) < len(seriesMagic)+4 || string(b[:len(seriesMagic)]) != seriesMagic {
		return nil, 0, errors.New("it does not begin as a series file does")
	}
	count := binary.LittleEndian.Uint32(b[len(seriesMagic):])
	offset = len(seriesMagic) + 4
	for range count {
		s, n, err := decodeOne(b[offset:])
		if err != nil {
			return nil, offset, err
		}
		all = append(all, s)
		offset += n
	}
	if offset != len(b) {
		return nil, offset, fmt.Errorf("%d bytes after the last series", len(b)-offset)
	}
	return all, offset, nil
}

func decodeOne(b []byte) (s Series, size int, err error) {
	if len(b) < 2 {
		return s, 0, errSeriesShort
	}
	nameEnd := 2 + int(binary.LittleEndian.Uint16(b))
	if len(b) < nameEnd+8 {
		return s, 0, errSeriesShort
	}
	points := int(binary.LittleEndian.Uint32(b[nameEnd:]))
	blockEnd := nameEnd + 8 + int(binary.LittleEndian.Uint32(b[nameEnd+4:]))
	if len(b) < blockEnd+4 {
		return s, 0, errSeriesShort
	}
	if got, want := crc32.Checksum(b[:blockEnd], castagnoli), binary.LittleEndian.Uint32(b[blockEnd:]); got != want {
		return s, 0, fmt.Errorf("series checksum %08x, want %08x", got, want)
	}
	s.Name = string(b[2:nameEnd])
	err = s.decodeBlock(b[nameEnd+8:blockEnd], points)
	return s, blockEnd + 4, err
}

func (s *Series) decodeBlock(block []byte, points int) error {
	if points == 0 {
		return nil
	}
	it, err := tsz.NewIterator(block)
	if err != nil {
		return fmt.Errorf("series %q: %w", s.Name, err)
	}
	for it.Next() {
		tick, v := it.Values()
		s.Millis = append(s.Millis, int64(tick)-1)
		s.Values = append(s.Values, v)
	}
	if err := it.Err(); err != nil {
		return fmt.Errorf("series %q: %w", s.Name, err)
	}
	if len(s.Millis) != points {
		return fmt.Errorf("series %q: %d points, want %d", s.Name, len(s.Millis), points)
	}
	return nil
}
