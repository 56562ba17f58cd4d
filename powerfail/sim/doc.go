// Package sim is the first tier of crash testing: a store on a file system in memory
// ([lsmlab/engines/vfs.Mem]) whose power is cut at every operation, in one process, thousands of times a
// second.
//
// A [Scenario] is a program and a seed. Its program is executed once; one execution of
// a program on one disk is called a run. Before every operation of the file system that
// changes something, the run is paused and crash states are made of its disk. Each crash
// state is a sequence of choices (package explore). A state that was met before, with the
// same writes due in it, is skipped. Every other state is opened as a store and judged by
// the oracle. In some of the states a new run starts: it recovers the store, writes a
// little, and is crashed at every operation in turn, until [Scenario.Depth] crashes have
// followed each other.
//
// What holds:
//
//  1. A run is paused while its states are checked, and its history is written under the
//     same lock. So a position in the history is a number of operations begun, and it
//     decides what a state may hold.
//  2. A scenario of one writer, on an engine that can be waited for ([lsmlab/engines/kv.Settler]), repeats
//     exactly. So exploring the scenario of a finding again shows the finding again.
//  3. Whether a state was met before is decided within one scenario. The set of the
//     states met is dropped at its end, so that memory is bounded by the largest scenario,
//     and the counts of all shards add up to those of one campaign.
//
// A [Campaign] numbers its scenarios. Each round takes one of the short programs, as long
// as there are any, one generated program, and some generated programs with an operation
// that fails. Generated programs have by turns one writer or several, and a WAL that is
// written or mapped.
package sim
