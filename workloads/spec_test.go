package workloads

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"lsmlab/engines/kv"
)

func TestUnknownNames(t *testing.T) {
	for name, want := range map[string]string{
		"fillrand":   "did you mean fillrandom? known: fillseq, ",
		"ycsba":      "did you mean ycsb-a?",
		"YCSB-F":     "did you mean ycsb-f?",
		"readmising": "did you mean readmissing?",
		"qqqqqqqqqq": `unknown workload "qqqqqqqqqq"; known: `,
		"":           `unknown workload ""; known: `,
	} {
		if _, err := New(Spec{Workload: name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", name, err, want)
		}
	}
}

func TestSpecErrors(t *testing.T) {
	for want, spec := range map[string]Spec{
		"keys is -1: want 1 to":                        {Workload: "fillseq", Keys: -1},
		"threads is -2":                                {Workload: "fillseq", Threads: -2},
		"operations is -7":                             {Workload: "fillseq", Operations: -7},
		"key_size is 7: want 8 to":                     {Workload: "fillseq", KeySize: 7},
		"key_size is 23: want 24 to":                   {Workload: "ycsb-a", KeySize: 23},
		"value_size is -2":                             {Workload: "fillseq", ValueSize: -2},
		"value_size is 16777217":                       {Workload: "fillseq", ValueSize: 1<<24 + 1},
		"compressible is 1":                            {Workload: "fillseq", Compressible: 1},
		"compressible is NaN":                          {Workload: "fillseq", Compressible: math.NaN()},
		"theta is -1":                                  {Workload: "ycsb-a", Theta: -1},
		"did you mean uniform?":                        {Workload: "ycsb-a", Distribution: "unifrom"},
		"in order, leave it out":                       {Workload: "fillseq", Distribution: "uniform"},
		`preload_order is "up"`:                        {Workload: "ycsb-a", PreloadOrder: "up"},
		"starts empty, leave it out":                   {Workload: "fillseq", PreloadOrder: Random},
		"bytes a batch, at most":                       {Workload: "fillbatch", ValueSize: 1 << 24},
		"its own model of keys, leave it out":          {Workload: "mixgraph-all-dist", Distribution: "zipfian"},
		"value_size 7: give one of the two":            {Workload: "ycsb-a", ValueSize: 7, ValueSizes: &Sizes{Distribution: SizesConstant, Max: 100}},
		"value_sizes has min 9 and max 8":              {Workload: "ycsb-a", ValueSizes: &Sizes{Distribution: SizesUniform, Min: 9, Max: 8}},
		"value_sizes has k 0, sigma 0, theta 0":        {Workload: "ycsb-a", ValueSizes: &Sizes{Distribution: SizesPareto, Max: 8}},
		"value_sizes has k, sigma or theta":            {Workload: "ycsb-a", ValueSizes: &Sizes{Distribution: SizesUniform, Max: 8, K: 1}},
		"value_sizes has a min":                        {Workload: "ycsb-a", ValueSizes: &Sizes{Distribution: SizesConstant, Min: 8, Max: 8}},
		"did you mean pareto?":                         {Workload: "ycsb-a", ValueSizes: &Sizes{Distribution: "paretto", Max: 8}},
		"value_sizes is given: rows of this workload":  {Workload: "ycsb-t", ValueSizes: &Sizes{Distribution: SizesConstant, Max: 100}},
		"no almost sorted order, leave it out":         {Workload: "fillseq", NearSorted: &Disorder{}},
		"near_sorted has k 2 and l 0":                  {Workload: "fillnearseq", NearSorted: &Disorder{K: 2}},
		"phase_length is 5: this workload has no":      {Workload: "ycsb-a", PhaseLength: 5},
		"phase_length is -5: want 1 to":                {Workload: "phased", PhaseLength: -5},
		"burst has period 0, share 0.5, time 0.5":      {Workload: "bursts", Burst: &Burst{Share: 0.5, Time: 0.5}},
		"has its own mix":                              {Workload: "ycsb-a", Mix: map[string]float64{"get": 1}},
		"isolation is read-committed: want snapshot":   {Workload: "ycsb-t", Isolation: kv.ReadCommitted},
		"has no transactions, leave it out":            {Workload: "ycsb-a", Isolation: kv.Serializable},
		"key_size is 20: rows of this workload":        {Workload: "tpcc", KeySize: 20},
		"value_size is 20: rows of this workload":      {Workload: "list-append", ValueSize: 20},
		"value_size is -1: want at least 8":            {Workload: "smallbank", ValueSize: noValue},
		"keys is 268435457: want at most 268435456":    {Workload: "list-append", Keys: 1<<28 + 1},
		"content of their own, leave it out":           {Workload: "ycsb-t", Compressible: 0.5},
		"preload_order is random: rows of this":        {Workload: "tpcc", PreloadOrder: Random},
		`unknown kind of operation "transfer"`:         {Workload: "mix", Mix: map[string]float64{"transfer": 1}},
		"no share above 0":                             {Workload: "mix"},
		"share of get is -1":                           {Workload: "mix", Mix: map[string]float64{"get": -1}},
		`unknown kind of operation "read-next"; known`: {Workload: "mix", Mix: map[string]float64{"get": 1, "read-next": 1}},
		"did you mean get?":                            {Workload: "mix", Mix: map[string]float64{"set": 1, "gett": 1}},
	} {
		_, err := New(spec)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", spec, err, want)
		}
		var field *FieldError
		if !errors.As(err, &field) || field.Workload != spec.Workload || !strings.Contains(err.Error(), field.Field+" ") {
			t.Errorf("%+v: error %v does not say which field is wrong", spec, err)
		}
	}
}

// TestSpecDefaults: the spec that a workload reports is complete, survives JSON,
// and gives the same workload again.
func TestSpecDefaults(t *testing.T) {
	for _, name := range names() {
		spec := Spec{Workload: name, Threads: 2}
		if name == mixName {
			spec.Mix = map[string]float64{"get": 1, "delete": 1}
		}
		full := mustNew(t, spec).Spec()
		text, err := json.Marshal(full)
		if err != nil {
			t.Fatal(err)
		}
		var again Spec
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if more, err := json.Marshal(mustNew(t, again).Spec()); err != nil || string(more) != string(text) {
			t.Errorf("%s: %s becomes %s, %v", name, text, more, err)
		}
		if full.Keys != 1_000_000 || full.Operations < full.Keys || full.KeySize == 0 && !mustDefine(t, name).ownRows || full.Warmup == 0 {
			t.Errorf("%s: incomplete: %s", name, text)
		}
	}
}

func TestList(t *testing.T) {
	for _, info := range List() {
		if info.Name == "" || info.About == "" || info.Source == "" {
			t.Errorf("incomplete: %+v", info)
		}
	}
}

func mustDefine(t *testing.T, name string) *definition {
	t.Helper()
	d, err := define(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
