package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// CellSpec is all that a cell's process is told: one JSON value on its standard
// input.
type CellSpec struct {
	ID         string          `json:"id"`
	Engine     string          `json:"engine"`
	Workload   string          `json:"workload"` // its name in the plan
	Spec       workloads.Spec  `json:"spec"`
	Durability kv.Durability   `json:"durability"`
	Round      int             `json:"round"`
	Duration   result.Duration `json:"duration"`
	Rate       float64         `json:"rate"`
	MemTables  bool            `json:"memtables"`
	Open       OpenOptions     `json:"open"`
	RunDir     string          `json:"run_dir"`   // gets hist and series files
	StoreDir   string          `json:"store_dir"` // exists, is empty, and is removed by the parent
	Timeout    result.Duration `json:"timeout"`
	HarnessNS  float64         `json:"harness_ns_per_op"`
	Unsupport  bool            `json:"-"` // the engine refuses this rung: do not run
}

// defaultCellTimeout bounds a cell that hangs.
const defaultCellTimeout = 15 * time.Minute

// workloadSpec returns the spec of a workload of the plan.
func workloadSpec(p result.Plan, name string, threads int, seed uint64) (workloads.Spec, error) {
	s := workloads.Spec{
		Workload: name, Keys: p.Keys, Threads: threads, Operations: p.Ops, Warmup: p.Warmup, Seed: seed,
		KeySize: p.KeySize, ValueSize: p.ValueSize,
	}
	if p.Duration > 0 && p.Ops == 0 {
		s.Operations = workloads.Unlimited
	}
	options, ok := p.WorkloadOptions[name]
	if !ok {
		return s, nil
	}
	b, err := json.Marshal(options)
	if err != nil {
		return s, fmt.Errorf("workload_options of %s: %w", name, err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("workload_options of %s: %w", name, err)
	}
	return s, nil
}

// expand returns the cells of a checked plan in the order in which they run.
//
// Rounds follow each other. Within a round the groups (workload, durability,
// threads) come in random order, and within a group the engines do: engines that
// will be compared run close in time, and drift hits them alike. The order
// follows from the seed, so --resume goes on in it. All engines of a round do the
// same operations.
func expand(p result.Plan, supports func(engine string, d kv.Durability) bool) ([]CellSpec, error) {
	var cells []CellSpec
	for round := 1; round <= p.Rounds; round++ {
		rng := rand.New(rand.NewPCG(p.Seed, uint64(round)))
		seed := rng.Uint64() >> 11 // exact in JSON of every language
		groups, err := groupsOf(p, round, seed)
		if err != nil {
			return nil, err
		}
		rng.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
		for _, g := range groups {
			engines := append([]string{}, p.Engines...)
			rng.Shuffle(len(engines), func(i, j int) { engines[i], engines[j] = engines[j], engines[i] })
			for _, e := range engines {
				c := g
				c.Engine = e
				c.ID = result.CellID(g.Workload, e, g.Durability.String(), g.Spec.Threads, round)
				c.Unsupport = !supports(e, g.Durability)
				cells = append(cells, c)
			}
		}
	}
	return cells, nil
}

// groupsOf returns the cells of a round without their engines.
func groupsOf(p result.Plan, round int, seed uint64) ([]CellSpec, error) {
	timeout := p.CellTimeout
	if timeout == 0 {
		timeout = result.Duration(defaultCellTimeout)
	}
	var groups []CellSpec
	for _, w := range p.Workloads {
		for _, name := range p.Durabilities {
			d, err := kv.ParseDurability(name)
			if err != nil {
				return nil, err
			}
			for _, threads := range p.Threads {
				c := CellSpec{
					Workload: w, Durability: d, Round: round, Duration: p.Duration, Rate: p.Rate, MemTables: p.MemTables,
					Open: OpenOptions{p.CacheSize, p.MemTableSize, d}, Timeout: timeout,
				}
				if p.MemTables {
					c.Spec = workloads.Spec{Keys: p.Keys, KeySize: p.KeySize, ValueSize: p.ValueSize, Threads: threads, Seed: seed}
				} else if c.Spec, err = workloadSpec(p, w, threads, seed); err != nil {
					return nil, err
				}
				groups = append(groups, c)
			}
		}
	}
	return groups, nil
}

// blank returns the cell of a spec with what is known before it runs.
func (s CellSpec) blank() result.Cell {
	c := result.Cell{
		ID: s.ID, Started: time.Now().UTC().Truncate(time.Millisecond), Engine: s.Engine, Workload: s.Workload,
		Round: s.Round, Seed: s.Spec.Seed, Durability: s.Durability.String(), Keys: s.Spec.Keys,
		KeySize: s.Spec.KeySize, ValueSize: s.Spec.ValueSize, Threads: s.Spec.Threads, Loop: result.LoopClosed,
		HarnessNSPerOp: s.HarnessNS, Warnings: []string{},
	}
	if s.Rate > 0 {
		c.Loop, c.Rate = result.LoopOpen, s.Rate
	}
	return c
}
