// Package oracle judges what a crash left of a store. It is pure: it knows the
// contract of package kv and nothing of file systems, disks or virtual machines,
// so that all tiers of crash testing share it.
//
// A tier records a [History]: every write with its durability, and the positions
// in the tier's own log (file-system operations, block writes) at which it began
// and was acknowledged. A [Cut] is a position in that log and what a crash there
// may take. One history thus judges every crash state of a run.
//
// What may be found after a cut, for one writer: the content after the first n of
// its writes, for some n
//
//	acknowledged at a durability level that the cut must keep <= n <= begun
//
// and with several writers one n for each, such that no write is found without
// all those that were acknowledged before it began (no hole in LSN order, as far
// as the order is known from outside). Writers own disjoint keys. The allowed
// choices are closed under maximum, so the longest is found by lowering counts
// until nothing contradicts; see [Index.Judge].
//
// How the n of one writer are found: every key says, by the value that it shows,
// for which n it is right: those between the write that stored the value and the
// next write to that key. An n that is right for all keys is allowed. That costs
// a look-up a key, whatever the length of the history.
package oracle
