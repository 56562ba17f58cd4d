// Package workloads says which operations a race or a crash run performs: YCSB's A to
// F, those of db_bench by name with the four models of mixgraph, almost sorted input of
// BoDS, phases, bursts, tombstones, transactions of YCSB+T, SmallBank, TPC-C and Elle, and
// mixes of the user's own.
//
// A [Spec] is plain JSON. [New] checks it, fills in defaults and returns a [Workload].
// The workload says what to store first (Preload), and has one [Stream] of operations
// for each goroutine. An [Executor] carries operations out on a [kv.Engine] and checks
// everything that the engine returns.
//
//	w, err := workloads.New(workloads.Spec{Workload: "ycsb-a", Keys: 1_000_000, Threads: 4})
//	...                        // preload, see Workload.PreloadStream
//	s, x := w.Stream(i), workloads.NewExecutor(w, engine, kv.Buffered)
//	for op := (workloads.Op{}); s.Next(&op); {
//		if err := x.Do(&op); err != nil { ... }
//	}
//	err = x.Close()
//
// Invariants:
//
//  1. One Workload is one run. Streams of equal specs yield equal operations, except
//     where an operation depends on the order of acknowledged inserts.
//  2. Next and Do allocate nothing per operation, beside what the engine allocates for a
//     transaction.
//  3. Values describe themselves (see [AppendValue]). So every value that is read is
//     checked to its last byte without a model of the store, even while others write.
//     Any version of the right key is accepted.
//  4. No read asks for a key whose insert was not acknowledged.
//  5. A transaction is an operation. It ends as a commit, a rollback that its program
//     wants, or given up after too many conflicts; in the last two cases it has changed
//     nothing. Its values are numbers that change, so they are not checked one by one:
//     [Workload.Audit] checks the whole store after the run.
package workloads
