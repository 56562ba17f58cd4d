package steady

import (
	"slices"
	"time"

	"lsmlab/harness/result"
)

// States of a measured part.
const (
	Steady = "steady" // throughput has no drift
	// Burst is a part in which writes went to MemTables, and so few were flushed that the
	// work of flushes and compactions is not in the figures.
	Burst = "MemTable-bound burst"
	// Drifting is a part whose throughput surely moved by more than partTolerance, a share.
	Drifting = "drifting"
)

// flushesOfState is the least number of flushes in a measured part that shows what lasts.
const flushesOfState = 10

// StateOf names the state of the measured part of a cell, whose engine flushes a MemTable at
// flushBytes. It is empty if there are too few points to tell.
func StateOf(c result.Cell, series []result.Series, flushBytes int64) string {
	ops := complete(series, c.Seconds)
	if len(ops) < minPoints {
		return ""
	}
	if burst(c, series, flushBytes) {
		return Burst
	}
	if _, moved := moved(ops, partTolerance); moved {
		return Drifting
	}
	return Steady
}

// burst says whether an engine with a MemTable took at least one MemTable of writes and
// flushed less than flushesOfState.
func burst(c result.Cell, series []result.Series, flushBytes int64) bool {
	m := c.Metrics
	if m == nil || c.UserBytes < flushBytes || m.Flushes >= flushesOfState {
		return false
	}
	return m.Flushes > 0 || slices.Max(append(values(series, result.SeriesMemTable), 0)) > 0
}

// partTolerance is the change of throughput that a measured part may have, as a share.
const partTolerance = 0.15

// Throughput returns the drift of throughput over a measured part, in operations/s.
func Throughput(c result.Cell, series []result.Series) Drift {
	d, _ := moved(complete(series, c.Seconds), partTolerance)
	return d
}

// Debt returns the drift of compaction debt, in bytes; none if the engine does not tell it.
func Debt(series []result.Series) Drift { return driftOf(values(series, result.SeriesDebt)) }

// complete returns operations/s without the last interval, if the part ended within it.
func complete(series []result.Series, seconds float64) []float64 {
	v := values(series, result.SeriesOps)
	return v[:min(len(v), int(seconds*float64(time.Second/result.SampleInterval)))]
}

func values(series []result.Series, name string) []float64 {
	for _, s := range series {
		if s.Name == name {
			return slices.Clone(s.Values)
		}
	}
	return nil
}
