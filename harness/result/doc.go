// Package result is what a run leaves on disk: its schema, its writers and its readers.
// Charts, comparisons and notebooks read a run through this package and do not depend
// on the harness that made it.
//
// A run directory has these files:
//
//	plan.json      what was asked for: [Plan]
//	env.json       where it ran, on what, with which options: [Env]
//	cells.jsonl    one [Cell] a line, appended as cells end
//	bench.txt      the same figures in Go benchmark format, for benchstat
//	hist/*.hdr     latencies of one cell: an HdrHistogram interval log, see [WriteHists]
//	series/*.tsz   100 ms timelines of one cell in go-tsz blocks, see [WriteSeries]
//	charts/, index.html   drawn from the files above alone
//
// Invariants:
//
//  1. Package journal writes and reads cells.jsonl: a line that ends in a newline is
//     whole, and a torn last line is not a result.
//  2. The hist and series files that a cell names were renamed into place before the line
//     of the cell was appended, so a line never refers to half a file.
//  3. Damage is an error that names the file and the line or offset
//     ([journal.DamageError]). It is never taken for a missing value.
//
// Units are the last part of the names of fields. ns stands for nanoseconds of the
// monotonic clock.
package result
