package workloads

import (
	"lsmlab/engines/nearest"
	"lsmlab/workloads/dist"
)

// Order is the order in which keys are preloaded.
type Order string

// The orders. The empty Order means that nothing is preloaded.
const (
	Sequential Order = "sequential" // by index
	Random     Order = "random"     // a random permutation of the indices
)

// share is one kind of operation and its weight in a mix.
type share struct {
	kind   Kind
	weight float64
}

// definition is one workload. The zero value of a field means that the workload does
// not have it.
type definition struct {
	name, about, source string

	keys         KeyStyle
	mix          []share // of every foreground thread; if nil, Spec.Mix says it
	background   []share // of one extra writer that runs until stopped
	distribution string  // of [dist.Names]
	hotKeys      int64   // draws come from the first 1/hotKeys of the keys
	preload      Order
	preloadBatch int // entries of a write of the preload; 0 stands for preloadBatchEntries
	batch        int // entries of a BatchSet
	value        int // size of values, bytes; 0 stands for that of the keys' style
	scanMin      int // entries; 0: always scanMax
	scanMax      int
	warm         bool  // a part is run before the measurement
	killed       bool  // the process that preloads is killed, and the measurement begins with opening its store
	phase        int64 // the default PhaseLength: kinds of the mix come in turn, for weight*phase operations each; 0: at random
	rows         bool  // the phases of a turn take the same row of neighbouring keys
	valueSizes   *Sizes
	scanLengths  *Sizes
	disorder     *Disorder // the default; nil: keys in order are in order
	burst        *Burst
	keyBytes     int // default size of keys; 0 stands for that of the keys' style
	// generator draws the keys, in place of a distribution that has a name.
	generator func(n uint64, src dist.Source) dist.Generator
	// eachThreadAll says that every thread visits all keys. Without it, threads that
	// visit keys in order share them.
	eachThreadAll bool

	// open begins a run of a workload of transactions; nil for all others.
	open func(Spec) ledger
	// ownRows says that rows have keys and values of the workload's own sizes.
	ownRows bool
	most    int64 // keys; 0: as many as others
	// leastValue is the smallest size of values, bytes.
	leastValue int
	// tableKeys says that keys are those of appendTableKey.
	tableKeys bool
}

const mixName = "mix"

const (
	coreWorkloads = "YCSB core workloads (Cooper et al., SoCC 2010; workloads/workload? in github.com/brianfrankcooper/YCSB)"
	dbBench       = "db_bench (LevelDB and RocksDB, benchmarks/db_bench.cc and tools/db_bench_tool.cc)"
)

const bods = "BoDS (Raman et al., TPCTC 2022)"

// definitions is the table of all workloads.
var definitions = []definition{
	{
		name: "fillseq", source: dbBench, about: "write every key once, in order; threads share the keys out",
		mix: []share{{Set, 1}}, distribution: "sequential",
	},
	{
		name: "fillrandom", source: dbBench, about: "write random keys, with repetition: about 63% of the keys exist in the end",
		mix: []share{{Set, 1}}, distribution: "uniform",
	},
	{
		name: "fillbatch", source: dbBench, about: "fillseq in batches of 1000",
		mix: []share{{BatchSet, 1}}, distribution: "sequential", batch: 1000,
	},
	{
		name: "overwrite", source: dbBench, about: "write random keys of a full store",
		mix: []share{{Set, 1}}, distribution: "uniform", preload: Random, warm: true,
	},
	{
		name: "readrandom", source: dbBench, about: "read random keys",
		mix: []share{{Get, 1}}, distribution: "uniform", preload: Random, warm: true,
	},
	{
		name: "readmissing", source: dbBench, about: "read absent keys that sort among the present ones",
		mix: []share{{GetMissing, 1}}, distribution: "uniform", preload: Random, warm: true,
	},
	{
		name: "readhot", source: dbBench, about: "read random keys of the first 1%",
		mix: []share{{Get, 1}}, distribution: "uniform", hotKeys: 100, preload: Random, warm: true,
	},
	{
		name: "seekrandom", source: dbBench, about: "seek to a random key and read 50 entries from there",
		mix: []share{{Scan, 1}}, distribution: "uniform", scanMax: 50, preload: Random, warm: true,
	},
	{
		name: "readseq", source: dbBench, about: "read all entries in order, every thread all of them",
		mix: []share{{ReadNext, 1}}, distribution: "sequential", scanMax: 100, preload: Random, warm: true, eachThreadAll: true,
	},
	{
		name: "readwhilewriting", source: dbBench, about: "read random keys while one more thread writes random keys",
		mix: []share{{Get, 1}}, background: []share{{Set, 1}}, distribution: "uniform", preload: Random, warm: true,
	},
	{
		name: "deleterandom", source: dbBench, about: "delete random keys of a full store, with repetition",
		mix: []share{{Delete, 1}}, distribution: "uniform", preload: Random,
	},

	{
		name: "ycsb-a", source: coreWorkloads, about: "update heavy: 50% read, 50% update, zipfian", keys: YCSB,
		mix: []share{{Get, 50}, {Set, 50}}, distribution: "zipfian", preload: Sequential, warm: true,
	},
	{
		name: "ycsb-b", source: coreWorkloads, about: "read mostly: 95% read, 5% update, zipfian", keys: YCSB,
		mix: []share{{Get, 95}, {Set, 5}}, distribution: "zipfian", preload: Sequential, warm: true,
	},
	{
		name: "ycsb-c", source: coreWorkloads, about: "read only, zipfian", keys: YCSB,
		mix: []share{{Get, 1}}, distribution: "zipfian", preload: Sequential, warm: true,
	},
	{
		name: "ycsb-d", source: coreWorkloads, about: "read latest: 95% read, 5% insert, the newest keys most", keys: YCSB,
		mix: []share{{Get, 95}, {Insert, 5}}, distribution: "latest", preload: Sequential, warm: true,
	},
	{
		name: "ycsb-e", source: coreWorkloads, about: "short ranges: 95% scan of 1 to 100 entries, 5% insert, zipfian", keys: YCSB,
		mix: []share{{Scan, 95}, {Insert, 5}}, distribution: "zipfian", scanMin: 1, scanMax: 100, preload: Sequential, warm: true,
	},
	{
		name: "ycsb-f", source: coreWorkloads, about: "50% read, 50% read-modify-write, zipfian", keys: YCSB,
		mix: []share{{Get, 50}, {ReadModifyWrite, 50}}, distribution: "zipfian", preload: Sequential, warm: true,
	},

	{
		name: "ycsb-t", source: "YCSB+T (Dey et al., ICDE Workshops 2014), closed economy workload", keys: YCSB,
		about: "transactions: 90% read an account, 10% move money between two, zipfian; every account is checked",
		mix:   []share{{ReadAccount, 90}, {Transfer, 10}}, distribution: "zipfian", preload: Sequential, warm: true,
		open: openEconomy, value: 100, leastValue: accountNumbers, most: 1 << 28,
	},
	{
		name: "smallbank", source: "SmallBank (Alomari et al., ICDE 2008; weights and amounts of BenchBase)",
		about: "transactions: six programs on checking and savings accounts, zipfian; every account is checked",
		mix: []share{
			{Amalgamate, 15}, {Balance, 15}, {DepositChecking, 15}, {SendPayment, 25}, {TransactSavings, 15}, {WriteCheck, 15},
		},
		distribution: "zipfian", preload: Sequential, warm: true,
		open: openSmallBank, value: 16, leastValue: fieldSize, tableKeys: true, most: 1 << 28,
	},
	{
		name: "tpcc", source: "TPC-C 5.11 (Transaction Processing Performance Council, 2010), clauses 2.4, 2.5 and 3.3.2",
		about: "transactions: new-order and payment of TPC-C, 45 to 43; the consistency conditions are checked",
		mix:   []share{{NewOrder, 45}, {Payment, 43}}, distribution: "uniform", preload: Sequential, warm: true,
		open: openTPCC, ownRows: true,
	},
	{
		name: "list-append", source: "Elle (Kingsbury and Alvaro, PVLDB 14(3), 2020; generator of Jepsen)",
		about: "transactions: read lists and append to them, 1 to 4 times, zipfian; lost elements are looked for",
		mix:   []share{{ListAppend, 1}}, distribution: "zipfian", warm: true,
		open: openLists, ownRows: true, most: 1 << 28,
	},

	{
		name: "fillnearseq", source: bods, about: "write every key once, almost in order: by default 10% of the keys are out of place, by up to 5% of all",
		mix: []share{{Set, 1}}, distribution: "sequential", disorder: &Disorder{K: 0.1, L: 0.05},
	},
	{
		name: "phased", source: "lsmlab", about: "by turns, 10,000 each: write, read and delete random keys, and a tenth as many scans of 50 entries",
		mix: []share{{Set, 1}, {Get, 1}, {Scan, 0.1}, {Delete, 1}}, phase: 10_000, distribution: "uniform", scanMax: 50, preload: Random, warm: true,
	},
	{
		name: "tombstones", source: "lsmlab", about: "delete 1000 neighbouring keys, scan 50 entries from the first of them 10 times, write them again",
		mix: []share{{Delete, 1}, {Scan, 0.01}, {Set, 1}}, phase: 1000, rows: true, distribution: "uniform", scanMax: 50, preload: Random, warm: true,
	},
	{
		name: "bursts", source: "lsmlab", about: "50% read, 50% update, zipfian, at a rate: 80% of the operations arrive in a tenth of each second",
		mix: []share{{Get, 50}, {Set, 50}}, distribution: "zipfian", burst: &Burst{Period: 1, Share: 0.8, Time: 0.1}, preload: Random, warm: true,
	},
	mixgraph("all-random", "all keys equally often", false, false),
	mixgraph("all-dist", "keys by the power model of popularity", false, true),
	mixgraph("prefix-random", "30 key ranges by their popularity, keys within equally often", true, false),
	mixgraph("prefix-dist", "30 key ranges by their popularity, keys within by the power model", true, true),

	{
		name: "reopen", source: "lsmlab", about: "open a store whose process was killed (this is what counts), then read random keys of it",
		mix: []share{{Get, 1}}, distribution: "uniform", preload: Random, killed: true,
	},
	{
		name: "reopen-used", source: "lsmlab", about: "reopen, of a store that was written key by key: with millions of keys its logs were recycled many times",
		mix: []share{{Get, 1}}, distribution: "uniform", preload: Random, preloadBatch: 1, killed: true,
	},
	{
		name: mixName, source: "lsmlab", about: "a mix of one's own: the spec's \"mix\" gives each kind's share",
		distribution: "uniform", batch: 100, scanMin: 1, scanMax: 100, preload: Random, warm: true,
	},
}

// mixgraph is one of the four models that RocksDB's wiki gives for db_bench's mixgraph.
func mixgraph(name, about string, prefix, skewed bool) definition {
	return definition{
		name: "mixgraph-" + name, about: "83% read, 14% write, 3% scan as a store of social data has them: " + about,
		source: "mixgraph of RocksDB's db_bench (Cao et al., FAST 2020)",
		mix:    []share{{Get, 83}, {Set, 14}, {Scan, 3}}, distribution: "mixgraph", keyBytes: 48, preload: Random, warm: true,
		valueSizes:  &Sizes{Distribution: SizesPareto, K: 0.2615, Sigma: 25.45, Max: 1024},
		scanLengths: &Sizes{Distribution: SizesPareto, K: 2.517, Sigma: 14.236, Min: 1, Max: 10_000},
		scanMax:     10_000,
		generator: func(n uint64, src dist.Source) dist.Generator {
			return dist.NewMixgraph(n, prefix, skewed, src)
		},
	}
}

// Info describes a workload to people.
type Info struct {
	Name   string `json:"name"`
	About  string `json:"about"`
	Source string `json:"source"`
}

// List returns every workload, in the table's order.
func List() []Info {
	infos := make([]Info, len(definitions))
	for i, d := range definitions {
		infos[i] = Info{d.name, d.about, d.source}
	}
	return infos
}

// names returns the name of every workload, in the table's order.
func names() []string {
	all := make([]string, len(definitions))
	for i, d := range definitions {
		all[i] = d.name
	}
	return all
}

// define finds a workload by name.
func define(name string) (*definition, error) {
	for i := range definitions {
		if definitions[i].name == name {
			return &definitions[i], nil
		}
	}
	return nil, nearest.Unknown("workload", name, names())
}

// ordered says whether the workload visits the keys in order.
func (d *definition) ordered() bool { return d.distribution == "sequential" }

// keySize is the default size of keys, 0 if rows have sizes of their own.
func (d *definition) keySize() int {
	switch {
	case d.ownRows:
		return 0
	case d.keyBytes > 0:
		return d.keyBytes
	case d.keys == YCSB:
		return minYCSBKeySize
	}
	return 16
}

func (d *definition) minKeySize() int {
	switch {
	case d.keys == YCSB:
		return minYCSBKeySize
	case d.tableKeys:
		return minTableKeySize
	}
	return minDBBenchKeySize
}

// valueSize is the default size of values, 0 if rows have sizes of their own.
func (d *definition) valueSize() int {
	switch {
	case d.ownRows:
		return 0
	case d.value > 0:
		return d.value
	case d.keys == YCSB:
		return 1000
	}
	return 100
}
