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
//	w0 txn 1 begin serializable
//	w0 txn 1 get a
//	w0 txn 1 scan a c
//	w0 txn 1 set a 10 del b
//	w0 txn 1 commit synced
//	w0 txn 2 begin snapshot
//	w0 txn 2 discard
//
// The second line is the durability level that the store is opened for. A line that begins
// with a writer is one batch at a durability level: keys that get values of so many bytes, or
// are deleted. Values follow from the number of the write and the place in its
// batch, so every write is told from every other.
//
// A line with the word txn is a step of a transaction, which has a number and begins at an
// isolation level. Several may be open at once. A step of one that is not open does
// nothing; one that is open at reopen, at the end, or when another begins with its number
// is discarded. What a transaction writes is one write, numbered at its begin: it may be
// found from its commit on, and never if it was discarded or met a conflict.
//
// A program with transactions is judged also while it runs. As writers own their keys,
// a writer knows what each of its transactions must read, and which ones must conflict;
// [ErrIsolation] says that the engine did otherwise.
//
// Writers run beside each other and own disjoint keys; the lines of one run in
// their order, and flush and compact are lines of writer 0; transactions read keys of
// their writers alone. At reopen all writers
// meet. With one writer, the program runs in one goroutine, and waits after each
// step until the engine has settled, if the engine can be waited for (kv.Settler). So the order of operations is the same every time.
package program
