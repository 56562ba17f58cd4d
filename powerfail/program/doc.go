// Package program holds the scripts that a store is put through before, and
// while, its power is cut. The same script runs on every engine, in every tier.
//
// A program is text, so that a finding can be read, changed and run again:
//
//	lsmlab program 1
//	open synced
//	w0 synced set a 100
//	w0 buffered set a 10 del b set c 2000
//	flush
//	compact
//	reopen
//
// The second line is the rung that the store is opened for. A line that begins
// with a writer is one batch at a rung: keys that get values of so many bytes, or
// are deleted. Values follow from the number of the write and the place in its
// batch, so every write is told from every other.
//
// Writers run beside each other and own disjoint keys; the lines of one run in
// their order, and flush and compact are lines of writer 0. At reopen all writers
// meet. With one writer all runs in one goroutine, and, where the engine can
// settle, in the same order of operations every time.
package program
