// Package oracle judges what a crash left of a store. It is pure: it knows the contract
// of package kv, and nothing about file systems, disks or virtual machines. So all
// tiers of crash testing share it.
//
// A tier records a [History]. It has every write with its durability level, and the
// positions in the tier's own log (file-system operations, block writes) at which the
// write began and was acknowledged. A [Cut] is a position in that log, and what a crash
// there may take. So one history judges every crash state of a run.
//
// After a cut, the following may be found of one writer: the content after the first n
// of its writes, for some n with
//
//	acknowledged at a durability level that the cut must keep <= n <= begun
//
// With several writers there is one n for each, such that no write is found without all
// writes that were acknowledged before it began (no hole in LSN order, as far as that
// order is known from outside). Writers own disjoint keys. The allowed choices are
// closed under maximum. So the longest is found by lowering counts until nothing
// contradicts; see [Index.Judge].
//
// The n of one writer is found as follows. The value of each key determines for which n
// the key is right: those between the write that stored the value and the next write to
// that key. An n is allowed if it is right for all keys. This costs one look-up for
// each key, whatever the length of the history.
package oracle
