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

// Stage is one cell's part of what a process does.
type Stage struct {
	ID       string          `json:"id"`
	Workload string          `json:"workload"` // its name in the plan
	Spec     workloads.Spec  `json:"spec"`
	Duration result.Duration `json:"duration"` // of the measured part; 0 is no limit
	Steady   result.Duration `json:"steady"`   // the most that the warm-up waits for a steady state; 0 is no wait
}

// CellSpec is everything that the process of a cell is told, as one JSON value on its
// standard input. The process makes one cell, or one for each stage of a sequence.
type CellSpec struct {
	Stage                      // the first
	Then       []Stage         `json:"then,omitempty"` // stages that follow on the same store
	Engine     string          `json:"engine"`
	Durability kv.Durability   `json:"durability"`
	Round      int             `json:"round"`
	Rate       float64         `json:"rate"`
	Kind       string          `json:"kind,omitempty"`   // of the contender, which is no engine; empty: an engine
	Memory     int64           `json:"memory,omitempty"` // limit of the process, bytes; 0 is none
	Open       OpenOptions     `json:"open"`
	RunDir     string          `json:"run_dir"`   // receives the hist and series files
	StoreDir   string          `json:"store_dir"` // must exist and be empty; the parent removes it
	Timeout    result.Duration `json:"timeout"`   // of the whole process
	HarnessNS  float64         `json:"harness_ns_per_op"`
	// FillAndDie makes the process store what the first stage preloads and then kill
	// itself, so that the next process finds the store as a crash leaves it.
	FillAndDie bool   `json:"fill_and_die,omitempty"`
	Refused    string `json:"-"` // why the engine cannot run this cell, which is then not run; else empty
}

// stages returns all stages in their order.
func (s *CellSpec) stages() []Stage { return append([]Stage{s.Stage}, s.Then...) }

// ids are the names of the cells of all stages.
func (s *CellSpec) ids() (ids []string) {
	for _, stage := range s.stages() {
		ids = append(ids, stage.ID)
	}
	return ids
}

// defaultCellTimeout ends a cell that hangs.
const defaultCellTimeout = 15 * time.Minute

// workloadSpec returns the spec of a workload of the plan.
func workloadSpec(p result.Plan, name string, threads int, seed uint64) (workloads.Spec, error) {
	s := workloads.Spec{
		Workload: name, Keys: p.Keys, Threads: threads, Operations: p.Ops, Warmup: p.Warmup, Seed: seed,
		KeySize: p.KeySize, ValueSize: p.ValueSize,
	}
	if p.DurationOf(name) > 0 && p.Ops == 0 {
		s.Operations = workloads.Unlimited
	}
	options, ok := p.WorkloadOptions[name]
	if base, isName := options["workload"].(string); isName {
		s.Workload = base
	}
	if p.Isolation != "" && workloads.Transactional(s.Workload) {
		if err := s.Isolation.UnmarshalText([]byte(p.Isolation)); err != nil {
			return s, err
		}
	}
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

// expand returns what each process of a checked plan is told, in the order in which the
// processes run.
//
// Rounds follow each other. Within a round, the units (a workload at one durability
// level and one number of threads, or a sequence of workloads) come in random order,
// and within a unit the engines do. So engines that will be compared run close in time,
// and changes of the machine affect them alike. The order follows from the seed, so a
// run that is continued keeps it. All engines of a round do the same operations.
//
// refusal says why an engine cannot run a cell, or "".
func expand(p result.Plan, refusal func(*CellSpec) string) ([]CellSpec, error) {
	var cells []CellSpec
	for round := 1; round <= p.Rounds; round++ {
		rng := rand.New(rand.NewPCG(p.Seed, uint64(round)))
		seed := rng.Uint64() >> 11 // exact in the JSON of every language
		units := unitsOf(p)
		rng.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
		for _, unit := range units {
			engines := append([]string{}, p.Engines...)
			rng.Shuffle(len(engines), func(i, j int) { engines[i], engines[j] = engines[j], engines[i] })
			for _, e := range engines {
				c, err := cellSpec(p, unit, e, round, seed)
				if err != nil {
					return nil, err
				}
				c.Refused = refusal(&c)
				cells = append(cells, c)
			}
		}
	}
	return cells, nil
}

// unitsOf returns what an engine does in a round, divided into what one process does.
func unitsOf(p result.Plan) (units [][]result.Planned) {
	inSequence := map[string]bool{}
	for _, names := range p.Sequences {
		var unit []result.Planned
		for _, w := range names {
			inSequence[w] = true
			unit = append(unit, p.GroupsOf(w)...) // in a checked plan, each workload of a sequence has one group
		}
		units = append(units, unit)
	}
	for _, g := range p.Groups() {
		if !inSequence[g.Workload] {
			units = append(units, []result.Planned{g})
		}
	}
	return units
}

// cellSpec returns what the process of a unit is told.
func cellSpec(p result.Plan, unit []result.Planned, engine string, round int, seed uint64) (CellSpec, error) {
	d, err := kv.ParseDurability(unit[0].Durability)
	if err != nil {
		return CellSpec{}, err
	}
	timeout := p.CellTimeout
	if timeout == 0 {
		timeout = result.Duration(defaultCellTimeout)
	}
	c := CellSpec{
		Engine: engine, Durability: d, Round: round, Rate: p.Rate, Kind: p.KindName(),
		Memory: p.Memory,
		Open:   OpenOptions{CacheSize: p.CacheSize, MemTableSize: p.MemTableSize, Durability: d}, Timeout: timeout * result.Duration(len(unit)),
	}
	for i, g := range unit {
		s := Stage{ID: result.CellID(g.Workload, engine, g.Durability, g.Threads, round), Workload: g.Workload, Duration: p.DurationOf(g.Workload), Steady: p.Steady}
		if s.Spec, err = workloadSpec(p, g.Workload, g.Threads, seed); err != nil {
			return c, err
		}
		c.Open.Transactions = c.Open.Transactions || c.Kind == "" && workloads.Transactional(s.Spec.Workload)
		if i == 0 {
			c.Stage = s
		} else {
			c.Then = append(c.Then, s)
		}
	}
	return c, nil
}

// blank returns the cell of a stage with everything that is known before it runs.
func (s *CellSpec) blank(stage Stage) result.Cell {
	c := result.Cell{
		ID: stage.ID, Started: time.Now().UTC().Truncate(time.Millisecond), Engine: s.Engine, Workload: stage.Workload,
		Round: s.Round, Seed: stage.Spec.Seed, Durability: s.Durability.String(), Keys: stage.Spec.Keys,
		KeySize: stage.Spec.KeySize, ValueSize: stage.Spec.ValueSize, Threads: stage.Spec.Threads, Loop: result.LoopClosed, MemoryLimit: s.Memory,
		HarnessNSPerOp: s.HarnessNS, Warnings: []string{},
	}
	if s.Rate > 0 {
		c.Loop, c.Rate = result.LoopOpen, s.Rate
	}
	return c
}

// blanks returns a cell for every stage, with a status and a reason.
func (s *CellSpec) blanks(status, why string) (cells []result.Cell) {
	for _, stage := range s.stages() {
		c := s.blank(stage)
		c.Status, c.Error = status, why
		cells = append(cells, c)
	}
	return cells
}
