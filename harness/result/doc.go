// Package result is what a run leaves on disk: its schema, its writers and its
// readers. Charts, comparisons and notebooks read a run through this package
// and know nothing of the harness that made it.
//
// A run directory:
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
//  1. cells.jsonl is written and read by package journal: a line that ends in a
//     newline is whole, and a torn last line is not a result.
//  2. The hist and series files that a cell names were renamed into place
//     before its line was appended, so a line never points at half a file.
//  3. Damage is an error that names the file and the line or offset
//     ([journal.DamageError]); it is never taken for a missing value.
//
// Units stand last in field names. Everything called ns is nanoseconds of the
// monotonic clock.
package result
