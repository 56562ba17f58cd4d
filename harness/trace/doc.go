// Package trace records what a client asks of an engine, carries such a recording out
// again on any engine, and fits a workload to it.
//
// A trace has no values: of a value it keeps the size. Keys are kept as they are.
//
// The file is
//
//	| "LSMTRC1\n" 8 | block ... | end |
//	block: | size 4 | CRC-32C of the rest 4 | events, zstd, size bytes |   size > 0
//	end:   | 0      4 | CRC-32C of the rest 4 | number of events 8 |
//
// with little-endian numbers. A block holds whole events:
//
//	| kind 1 | nanoseconds since the event before, uleb128 | key length uleb128 | key | rest |
//	rest of a set, a get and a delete-range: | size uleb128 |   of the value; of the upper bound
//	of a delete-range:                        | upper bound |   empty: none
//	of a scan:                                | entries uleb128 |
//
// The high bit of kind says that the next event is of the same batch. A file without an
// end was cut, and is refused.
package trace
