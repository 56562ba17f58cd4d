package workloads

import "lsmlab/engines/kv"

// Kind says what an operation does.
type Kind uint8

// The kinds of operation.
const (
	Get             Kind = iota // read Key, which exists
	GetMissing                  // read Key, which sorts among the keys but is absent
	Set                         // write Value to Key
	Insert                      // write Value to Key, a new key; see Op.acknowledge
	Delete                      // delete Key
	ReadModifyWrite             // read Key, then write Value to it
	Scan                        // seek to Key, then read up to ScanLen entries
	ReadNext                    // read the next ScanLen entries of a scan of all keys
	BatchSet                    // apply Batch
	mixableCount                // those before may be in a mix of one's own

	// Transactions, of the workload in whose file they are.
	ReadAccount = iota - 1 // YCSB+T
	Transfer
	Amalgamate // SmallBank
	Balance
	DepositChecking
	SendPayment
	TransactSavings
	WriteCheck
	NewOrder // TPC-C
	Payment
	ListAppend // Elle

	kindCount
)

var kindNames = [kindCount]string{
	"get", "get-missing", "set", "insert", "delete",
	"read-modify-write", "scan", "read-next", "batch-set",
	"read-account", "transfer",
	"amalgamate", "balance", "deposit-checking", "send-payment", "transact-savings", "write-check",
	"new-order", "payment", "list-append",
}

// String returns the kind's name in results and goldens.
func (k Kind) String() string {
	if k < kindCount {
		return kindNames[k]
	}
	return "unknown"
}

// Role says which figure an operation counts towards.
type Role uint8

// The roles.
const (
	Foreground Role = iota // the threads that the Spec asks for
	Background             // the extra writer of readwhilewriting
)

// String returns the role's name in results.
func (r Role) String() string {
	if r == Background {
		return "background"
	}
	return "foreground"
}

// Op is one operation. [Stream.Next] fills it in place. Key, Value and Batch belong to
// the stream and are valid until the next call of Next. Key and Value may be parts of
// Batch.
type Op struct {
	Kind    Kind
	Role    Role
	Warmup  bool      // the operation must not be counted
	Units   int       // logical operations in this one: entries of a batch or of a ReadNext, else 1
	Index   uint64    // of Key; for ReadNext, of the first entry expected
	Key     []byte    // nil for BatchSet and ReadNext
	Value   []byte    // of Set, Insert and ReadModifyWrite
	ScanLen int       // entries; of Scan and ReadNext
	Batch   *kv.Batch // what a write applies; nil for reads

	ReadOnly bool // of a transaction: it writes nothing

	bytes   int64    // keys and values of Batch, of BatchSet
	inserts *inserts // of Insert
	program program  // of a transaction; nil for other kinds
}

// acknowledge makes the key of an Insert known to readers, and the effect of a
// transaction to the audit. [Executor.Do] calls it. Callers that carry out operations
// themselves must call it once the write has succeeded. For other kinds it does nothing.
func (op *Op) acknowledge() {
	switch {
	case op.program != nil:
		op.program.committed()
	case op.Kind == Insert:
		op.inserts.acknowledge(op.Index)
	}
}
