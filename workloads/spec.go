package workloads

import (
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
	NoValue   = -1 // of ValueSize: values are empty
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
}

// withDefaults returns a complete copy of a checked spec.
func (s Spec) withDefaults(d *definition) Spec {
	setDefault(&s.Keys, 1_000_000)
	setDefault(&s.Threads, 1)
	setDefault(&s.KeySize, d.keySize())
	setDefault(&s.ValueSize, d.valueSize())
	setDefault(&s.BatchSize, d.batch)
	setDefault(&s.ScanLength, d.scanMax)
	setDefault(&s.Distribution, d.distribution)
	setDefault(&s.Theta, dist.YCSBTheta)
	setDefault(&s.PreloadOrder, d.preload)
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

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
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
		{"value_size", int64(s.ValueSize), NoValue, kv.MaxValueSize, "-1 means empty values"},
		{"batch_size", int64(s.BatchSize), 1, 1 << 24, ""},
		{"scan_length", int64(s.ScanLength), 1, 1 << 30, ""},
	} {
		if b.value != 0 && (b.value < b.least || b.value > b.most) {
			err := fmt.Errorf("workload %s: %s is %d: want %d to %d, or 0 for the default", s.Workload, b.field, b.value, b.least, b.most)
			if b.advice != "" {
				err = fmt.Errorf("%w (%s)", err, b.advice)
			}
			return err
		}
	}
	return s.checkOthers(d)
}

func (s Spec) checkOthers(d *definition) error {
	if !(s.Compressible >= 0 && s.Compressible < 1) {
		return fmt.Errorf("workload %s: compressible is %v: want a fraction in [0, 1)", s.Workload, s.Compressible)
	}
	if !(s.Theta >= 0 && s.Theta <= 10) {
		return fmt.Errorf("workload %s: theta is %v: want a skew in [0, 10], or 0 for %v", s.Workload, s.Theta, dist.YCSBTheta)
	}
	if s.Distribution != "" && !slices.Contains(dist.Names, s.Distribution) {
		return fmt.Errorf("workload %s: %w", s.Workload, nearest.Unknown("distribution", s.Distribution, dist.Names))
	}
	if s.Distribution != "" && d.ordered() && s.Distribution != d.distribution {
		return fmt.Errorf("workload %s: distribution is %s: this workload goes through the keys in order, leave it out",
			s.Workload, s.Distribution)
	}
	if s.PreloadOrder != "" && s.PreloadOrder != Sequential && s.PreloadOrder != Random {
		return fmt.Errorf("workload %s: preload_order is %q: want %s or %s", s.Workload, s.PreloadOrder, Sequential, Random)
	}
	if s.PreloadOrder != "" && d.preload == "" {
		return fmt.Errorf("workload %s: preload_order is %q: this workload starts empty, leave it out", s.Workload, s.PreloadOrder)
	}
	if batch := max(int64(s.BatchSize), int64(d.batch)) * int64(max(s.ValueSize, 0)+s.KeySize+16); batch > kv.MaxBatchSize {
		return fmt.Errorf("workload %s: batch_size %d with value_size %d: %d bytes a batch, at most %d; make one smaller",
			s.Workload, s.BatchSize, s.ValueSize, batch, kv.MaxBatchSize)
	}
	if s.Mix != nil && d.mix != nil {
		return fmt.Errorf("workload %s: has its own mix of operations; name the workload %q to give one", s.Workload, mixName)
	}
	return nil
}
