package workloads

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"lsmlab/engines/kv"
	"lsmlab/engines/nearest"
	"lsmlab/workloads/dist"
)

// Values of Spec fields with a special meaning.
const (
	Unlimited = -1 // of Operations: the run goes on until the caller stops it
	NoWarmup  = -1 // of Warmup: there is none
	noValue   = -1 // of ValueSize: values are empty
)

// maxKeys is the largest number of keys that the distributions and the fast path of the
// hash support.
const maxKeys = 1 << 36

// Spec says which work to do. It is the workload part of a plan. Zero stands for the
// default, in every field except Workload.
type Spec struct {
	Workload string `json:"workload"`          // a name that [List] gives
	Keys     int64  `json:"keys,omitempty"`    // 1,000,000
	Threads  int    `json:"threads,omitempty"` // 1; the background writer of readwhilewriting is extra
	// Operations is the total of the foreground threads, in units: each entry of a
	// batch or of readseq is one. Default: Keys; for readseq, Keys for every thread.
	Operations int64 `json:"operations,omitempty"`
	// Warmup is the total of units that run before these. Default: a tenth of
	// Operations (of Keys if Unlimited) in workloads whose preloaded keys stay.
	Warmup int64  `json:"warmup,omitempty"`
	Seed   uint64 `json:"seed,omitempty"` // 0 is a seed like any other

	KeySize   int `json:"key_size,omitempty"`   // bytes; db_bench 16 (at least 8), YCSB 24 (at least 24)
	ValueSize int `json:"value_size,omitempty"` // bytes; db_bench 100, YCSB 1000 (10 fields of 100)
	// ValueSizes is a distribution of the sizes of values, in place of ValueSize.
	ValueSizes *Sizes `json:"value_sizes,omitempty"`
	// Compressible is the fraction of a value's body that repeats, in [0, 1), rounded
	// to 1/256. Default 0, so that compression does not change what sizes mean;
	// db_bench uses 0.5.
	Compressible float64 `json:"compressible,omitempty"`

	BatchSize    int     `json:"batch_size,omitempty"`   // of fillbatch, 1000
	ScanLength   int     `json:"scan_length,omitempty"`  // entries; the most of ycsb-e (100), all of seekrandom (50)
	Distribution string  `json:"distribution,omitempty"` // of [dist.Names]; the workload's own
	Theta        float64 `json:"theta,omitempty"`        // skew of zipfian and latest, 0.99
	PreloadOrder Order   `json:"preload_order,omitempty"`
	// Mix is the share of each kind of operation, by the name of its [Kind]. It is for
	// Workload "mix" only. Shares need not add up to 1.
	Mix map[string]float64 `json:"mix,omitempty"`
	// NearSorted is the disorder of fillnearseq.
	NearSorted *Disorder `json:"near_sorted,omitempty"`
	// PhaseLength is the operations of one thread in a phase of phased and tombstones;
	// phases of scans are a fixed part of it.
	PhaseLength int64 `json:"phase_length,omitempty"`
	// Burst divides the arrivals of an open loop into bursts.
	Burst *Burst `json:"burst,omitempty"`
	// Isolation is the level of transactions: snapshot, which is the default, or
	// serializable. Below these, what the audit checks need not hold.
	Isolation kv.Isolation `json:"isolation,omitempty"`
}

// Disorder is the distance of an order from a sorted one (see [dist.NewNearSorted]), both
// as fractions of the keys in [0, 1].
type Disorder struct {
	K float64 `json:"k"` // keys that are not in their place
	L float64 `json:"l"` // how many places they are away at most
}

// withDefaults returns a complete copy of a checked spec.
func (s Spec) withDefaults(d *definition) Spec {
	s.Keys = cmp.Or(s.Keys, 1_000_000)
	s.Threads = cmp.Or(s.Threads, 1)
	s.KeySize = cmp.Or(s.KeySize, d.keySize())
	s.BatchSize = cmp.Or(s.BatchSize, d.batch)
	s.ScanLength = cmp.Or(s.ScanLength, d.scanMax)
	s.Distribution = cmp.Or(s.Distribution, d.distribution)
	s.Theta = cmp.Or(s.Theta, dist.YCSBTheta)
	s.PhaseLength = cmp.Or(s.PhaseLength, d.phase)
	s.NearSorted = cmp.Or(s.NearSorted, d.disorder)
	s.Burst = cmp.Or(s.Burst, d.burst)
	if s.ValueSizes == nil && s.ValueSize == 0 {
		s.ValueSizes = d.valueSizes
	}
	s.PreloadOrder = cmp.Or(s.PreloadOrder, d.preload)
	if s.ValueSizes != nil {
		s.ValueSize = s.ValueSizes.mean()
	}
	s.ValueSize = cmp.Or(s.ValueSize, d.valueSize())
	if s.Operations == 0 {
		s.Operations = s.Keys
		if d.eachThreadAll {
			s.Operations *= int64(s.Threads)
		}
	}
	if s.Warmup == 0 {
		s.Warmup = NoWarmup
		if d.warm {
			s.Warmup = max(s.Operations, s.Keys*int64(btoi(s.Operations == Unlimited))) / 10
		}
	}
	return s
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// check returns an error for the first field whose value workload d cannot use. Zero
// stands for a default and is always valid.
func (s Spec) check(d *definition) error {
	type bound struct {
		field       string
		value       int64
		least, most int64
		advice      string
	}
	for _, b := range []bound{
		{"keys", s.Keys, 1, maxKeys, ""},
		{"threads", int64(s.Threads), 1, 1 << 16, ""},
		{"operations", s.Operations, Unlimited, math.MaxInt64 / 2, "-1 means until stopped"},
		{"warmup", s.Warmup, NoWarmup, math.MaxInt64 / 4, "-1 means none"},
		{"key_size", int64(s.KeySize), int64(d.minKeySize()), kv.MaxKeySize - 1, "keys of this workload need that much to stay distinct"},
		{"value_size", int64(s.ValueSize), noValue, kv.MaxValueSize, "-1 means empty values"},
		{"batch_size", int64(s.BatchSize), 1, 1 << 24, ""},
		{"scan_length", int64(s.ScanLength), 1, 1 << 30, ""},
		{"phase_length", s.PhaseLength, 1, 1 << 40, ""},
	} {
		if b.value != 0 && (b.value < b.least || b.value > b.most) {
			text := fmt.Sprintf("is %d: want %d to %d, or 0 for the default", b.value, b.least, b.most)
			if b.advice != "" {
				text += " (" + b.advice + ")"
			}
			return s.wrong(b.field, "%s", text)
		}
	}
	return s.checkOthers(d)
}

func (s Spec) checkOthers(d *definition) error {
	if !(s.Compressible >= 0 && s.Compressible < 1) {
		return s.wrong("compressible", "is %v: want a fraction in [0, 1)", s.Compressible)
	}
	if !(s.Theta >= 0 && s.Theta <= 10) {
		return s.wrong("theta", "is %v: want a skew in [0, 10], or 0 for %v", s.Theta, dist.YCSBTheta)
	}
	if s.Distribution != "" && s.Distribution != d.distribution && !slices.Contains(dist.Names, s.Distribution) {
		return s.wrong("distribution", "is wrong: %w", nearest.Unknown("distribution", s.Distribution, dist.Names))
	}
	if s.Distribution != "" && s.Distribution != d.distribution && d.generator != nil {
		return s.wrong("distribution", "is %s: this workload has its own model of keys, leave it out", s.Distribution)
	}
	if s.Distribution != "" && d.ordered() && s.Distribution != d.distribution {
		return s.wrong("distribution", "is %s: this workload visits the keys in order, leave it out", s.Distribution)
	}
	if s.PreloadOrder != "" && s.PreloadOrder != Sequential && s.PreloadOrder != Random {
		return s.wrong("preload_order", "is %q: want %s or %s", s.PreloadOrder, Sequential, Random)
	}
	if s.PreloadOrder != "" && d.preload == "" {
		return s.wrong("preload_order", "is %q: this workload starts empty, leave it out", s.PreloadOrder)
	}
	if err := s.checkShapes(d); err != nil {
		return err
	}
	if batch := max(int64(s.BatchSize), int64(d.batch)) * int64(s.largest()+s.KeySize+16); batch > kv.MaxBatchSize {
		return s.wrong("batch_size", "is %d with value_size %d: %d bytes a batch, at most %d; make one smaller", s.BatchSize, s.ValueSize, batch, kv.MaxBatchSize)
	}
	if err := s.checkTransactions(d); err != nil {
		return err
	}
	if s.Mix != nil && d.mix != nil {
		return s.wrong("mix", "is given, and this workload has its own mix of operations; name the workload %q to give one", mixName)
	}
	return nil
}

// largest returns the size of the largest values that the spec asks for, in bytes.
func (s Spec) largest() int {
	if s.ValueSizes != nil {
		return s.ValueSizes.Max
	}
	return max(s.ValueSize, 0)
}

// checkShapes checks the fields that give sizes, order and times a shape.
func (s Spec) checkShapes(d *definition) error {
	if z := s.ValueSizes; z != nil {
		if d.open != nil {
			return s.wrong("value_sizes", "is given: rows of this workload have content of their own, leave it out")
		}
		if s.ValueSize != 0 && s.ValueSize != z.mean() {
			return s.wrong("value_sizes", "is given beside value_size %d: give one of the two", s.ValueSize)
		}
		if err := z.check(); err != nil {
			return s.wrong("value_sizes", "%w", err)
		}
	}
	if o := s.NearSorted; o != nil {
		if d.disorder == nil {
			return s.wrong("near_sorted", "is given: this workload has no almost sorted order, leave it out")
		}
		if !(o.K >= 0 && o.K <= 1 && o.L >= 0 && o.L <= 1) {
			return s.wrong("near_sorted", "has k %v and l %v: want fractions of the keys in [0, 1]", o.K, o.L)
		}
	}
	if s.PhaseLength != 0 && d.phase == 0 {
		return s.wrong("phase_length", "is %d: this workload has no phases, leave it out", s.PhaseLength)
	}
	if s.Burst != nil && !s.Burst.valid() {
		return s.wrong("burst", "has period %v, share %v, time %v: want 0.001 to 86400 seconds, and fractions between 0 and 1", s.Burst.Period, s.Burst.Share, s.Burst.Time)
	}
	return nil
}

// checkTransactions checks the fields that differ in workloads of transactions.
func (s Spec) checkTransactions(d *definition) error {
	switch {
	case d.open == nil && s.Isolation != 0:
		return s.wrong("isolation", "is %s: this workload has no transactions, leave it out", s.Isolation)
	case s.Isolation < kv.SnapshotIsolation:
		return s.wrong("isolation", "is %s: want snapshot or serializable; below these, what is checked at the end need not hold", s.Isolation)
	case d.ownRows && s.KeySize != 0:
		return s.wrong("key_size", "is %d: rows of this workload have sizes of their own, leave it out", s.KeySize)
	case d.ownRows && s.ValueSize != 0:
		return s.wrong("value_size", "is %d: rows of this workload have sizes of their own, leave it out", s.ValueSize)
	case d.leastValue > 0 && s.ValueSize != 0 && s.ValueSize < d.leastValue:
		return s.wrong("value_size", "is %d: want at least %d, which the numbers of a row need", s.ValueSize, d.leastValue)
	case d.most > 0 && s.Keys > d.most:
		return s.wrong("keys", "is %d: want at most %d in this workload", s.Keys, d.most)
	case d.open != nil && s.Compressible != 0:
		return s.wrong("compressible", "is %v: rows of this workload have content of their own, leave it out", s.Compressible)
	case d.open != nil && d.preload != "" && s.PreloadOrder == Random:
		return s.wrong("preload_order", "is %s: rows of this workload are stored in order, leave it out", s.PreloadOrder)
	}
	return nil
}
