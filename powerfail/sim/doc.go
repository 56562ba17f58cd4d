// Package sim is the first tier of crash testing: a store on a file system in
// memory (vfs.Mem), whose power is cut at every operation, in the same process,
// thousands of times a second.
//
// A [Scenario] is a program and a seed. Its program runs once, as one life of a
// store. Before every operation that changes something, the life is held and
// crash states are made of its disk, each a sequence of choices (package explore).
// States that were met before, with the same writes due, are skipped; the others
// are opened and judged by the oracle. Some are lived on in: their recovery and a
// few writes after it are a life of its own, which is crashed at every operation
// in turn, down to a depth.
//
// What holds:
//
//  1. A life is held while its states are checked, and its history is written
//     under the same lock. So a position in the history is a number of operations
//     that had been begun, and what a state may hold follows from it.
//  2. A scenario of one writer, on an engine that settles, is repeated exactly:
//     so a finding is shown again by exploring its scenario again.
//  3. States are told apart within one scenario. The set of those met is
//     dropped with it, so memory is that of the largest scenario; and counts of shards
//     add up to those of one run.
//
// The scenarios of a [Campaign] are numbered: first every short program, then
// generated ones, by turns with one writer, with several, on a mapped log, and
// with an operation that fails.
package sim
