// Package program generates, reads and runs programs: scripts of operations on a store,
// during which its power is cut. The same program runs on every engine, in every tier.
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
// The second line gives the durability level that the store is opened for. A line that
// begins with a writer (w0) is one batch at a durability level. It sets keys to values of
// so many bytes, or deletes keys. A value follows from the number of the write and the
// place of the operation in the batch, so no two writes store the same value.
//
// A line with the word txn is a step of a transaction. A transaction has a number and
// begins at an isolation level. Several may be open at once. A step of a transaction that
// is not open does nothing. A transaction is discarded if it is still open at a reopen, at
// the end, or when another one begins with the same number. All that a transaction writes
// counts as one write, which gets its number at the begin. This write may be found from
// the commit on, and never if the transaction was discarded or met a conflict.
//
// A program with transactions is judged while it runs, too. As writers own their keys, a
// writer knows what each of its transactions must read, and which of them must conflict.
// [ErrIsolation] says that the engine did otherwise.
//
// Writers run concurrently and own disjoint keys. The lines of one writer run in their
// order. Flush and compact are lines of writer 0. Transactions read keys of their own
// writer only. A reopen waits for all writers. With one writer, the program runs in one
// goroutine, and waits after each step until the engine has settled, if the engine can be
// waited for (kv.Settler). So the order of operations is the same every time.
package program
