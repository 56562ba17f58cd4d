// Package isolation says which isolation level a recorded history of transactions
// can have had, and shows the smallest evidence against each level that it cannot
// have had. It is pure: a history in, a [Verdict] out.
//
// # Histories
//
// A [History] holds what clients saw: each transaction's operations with the values
// that reads returned, its outcome (committed, aborted, or unknown to its client), its
// process, and when it began and ended. Two forms of work can be judged:
//
//   - lists: a write appends an element to the list of its key, and a read returns the
//     whole list. So each read tells the order of all versions before it.
//   - registers: a write replaces the value of its key. A version's successor is known
//     where a transaction that read the one wrote the other. Two such successors of one
//     version are a lost update.
//
// No value is written twice to one key, so each value read names its writer. A range
// read counts as a read of every key of the history in its bounds: a key that it did not
// return, it saw absent. Such reads make phantoms visible.
//
// # Dependencies
//
// Of two transactions on one key (Adya, "Weak Consistency", 1999):
//
//	a -ww-> b  b wrote the version right after one of a
//	a -wr-> b  b read a version of a
//	a -rw-> b  b wrote the version right after the one that a read
//
// Aborted transactions have no dependencies: whoever read from one is an anomaly by
// itself (G1a). A transaction of unknown outcome counts as committed once its
// writes were read by one that committed, and is left out otherwise. Two more relations
// are there for the levels that ask for them:
//
//	a -process-> b   one process ended a before it began b
//	a -realtime-> b  a ended before b began, whatever their processes
//
// # Levels
//
// A level is refuted by an anomaly that belongs to no transaction order (G1a, a read
// that contradicts the transaction's own writes, ..), or by a cycle:
//
//	read uncommitted          ww                    G0
//	read committed            ww wr                 G1c
//	repeatable read           ww wr rw of items     G2-item
//	snapshot isolation        ww wr rw, no two rw one after the other: G-single, G-nonadjacent
//	serializable              ww wr rw              G2
//	strong session .., strong ..   the same with process, or with realtime
//
// One anomaly of real time is no cycle of these edges, lost write-realtime: a register was
// written while others updated it, and neither order of that write and the updates fits
// what was read and when. Versions each of which was written by one that had read the one
// before follow each other with no other between; so such a run comes before another
// version or after it, as a whole.
//
// Where the reads tell the order of all versions, as they do of lists that were read in
// the end, each level is decided exactly, in time linear in transactions and dependencies.
// Where they do not (two appends that nobody read, or a register that is written by
// transactions that had not read it), a level may be impossible and still not be refuted.
// No level is refuted wrongly.
//
// Snapshot isolation takes two nodes for each transaction. Each transaction t is two
// nodes, (t,0) and (t,1). A ww, wr, process or realtime edge from a to b leads from both
// of a to (b,0), and a rw edge from (a,0) to (b,1). A walk of this graph never takes two
// rw edges one after the other, and each cycle without such a pair is a cycle of it. So the
// strongly connected components (Tarjan 1972) decide, and there is no search to time out.
// That a history whose dependency graph has no such cycle is possible under snapshot
// isolation is proved by Cerone and Gotsman, "Analysing Snapshot Isolation", 2018.
//
// A level that is not refuted is not proved: it was not contradicted by what these
// clients saw.
package isolation
