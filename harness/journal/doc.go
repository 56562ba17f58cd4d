// Package journal keeps a run on disk while it goes on, so that whatever cuts it
// (Ctrl-C, a kill, a power failure) the run can go on from there. It knows no kind of
// run: races of engines, loads of services and crash runs are described to it by a
// [Kind].
//
// A directory holds one run:
//
//	PLAN      what was asked for, one JSON value; a directory that has it holds a run
//	LINES     one JSON value a line, appended as cells end
//	FOLDERS   files of single cells
//	.lock     held by the process that writes
//
// Invariants:
//
//  1. A cell has a line if and only if it ended; its files were in place before.
//  2. A line that ends in a newline is whole: it is appended by one write and synced. A
//     torn last line is not a result. Readers leave it out and say so, and the next
//     writer cuts it off.
//  3. Of several lines of one cell the last counts: a run that goes on runs failed cells
//     again and appends.
//  4. One process at a time writes, and the plan of a run never changes: whoever goes on
//     with a run must ask for the same.
//  5. Damage is an error that names the file and the line ([DamageError]); it is never
//     taken for a missing value.
package journal
