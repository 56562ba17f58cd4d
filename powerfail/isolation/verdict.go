package isolation

// Verdict is what a history says of each level.
type Verdict struct {
	Txns   int      `json:"txns"` // of the history that count: committed, or read by one that was
	Levels []Result `json:"levels"`
}

// Result is what a history says of one level.
type Result struct {
	Level   Level `json:"level"`
	Refuted bool  `json:"refuted"`
	// By is the smallest evidence found; nil if the level is not refuted. A level that is
	// refuted by what refutes a weaker one has the same evidence.
	By *Anomaly `json:"by,omitempty"`
}

// Strongest returns the levels that are not refuted, without those that another of them
// implies: one, or two that cannot be compared, or none.
func (v Verdict) Strongest() []Level {
	var all []Level
	for _, r := range v.Levels {
		if r.Refuted {
			continue
		}
		kept := all[:0]
		for _, l := range all {
			if !r.Level.Implies(l) {
				kept = append(kept, l)
			}
		}
		all = append(kept, r.Level)
	}
	return all
}

// Of returns what the history says of one level.
func (v Verdict) Of(l Level) Result { return v.Levels[l] }

// Check judges a history. An error says why it is none: a value that was written twice,
// or more transactions than fit.
func Check(h *History) (Verdict, error) {
	f, err := infer(h)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Levels: make([]Result, len(rules))}
	for _, c := range f.counts {
		if c {
			v.Txns++
		}
	}
	f.strict = f.cyclic(rules[StrictSerializable])
	sound := make([]bool, len(rules))      // without a cycle
	for l := len(rules) - 1; l >= 0; l-- { // what is sound at a level is at those it implies
		sound[l] = sound[l] || f.acyclic(rules[l])
		for _, weaker := range rules[l].implies {
			sound[weaker] = sound[weaker] || sound[l]
		}
	}
	for l := range rules {
		v.Levels[l] = f.judge(Level(l), sound[l], v.Levels[:l])
	}
	return v, nil
}

func (f *inference) walk(r rule) walker {
	return walker{graph: f.graph, kinds: r.kinds, apart: r.apart, only: f.strict}
}

// cyclic returns the nodes that are on cycles of the graph of a level. Those of the
// strongest level have all cycles of the others.
func (f *inference) cyclic(r rule) *subset {
	s := &subset{has: make([]bool, f.graph.size())}
	f.walk(r).components(func(nodes []int32) bool {
		s.nodes = append(s.nodes, nodes...)
		for _, n := range nodes {
			s.has[n] = true
		}
		return true
	})
	return s
}

// acyclic says whether the graph of a level has no cycle.
func (f *inference) acyclic(r rule) bool {
	if len(f.strict.nodes) == 0 {
		return true
	}
	sound := true
	f.walk(r).components(func([]int32) bool {
		sound = false
		return false
	})
	return sound
}

// judge finds the evidence against one level. Weaker levels were judged before.
func (f *inference) judge(l Level, sound bool, before []Result) Result {
	for _, weaker := range rules[l].implies {
		if r := before[weaker]; r.Refuted {
			return Result{l, true, r.By}
		}
	}
	for _, name := range rules[l].singles {
		if a := f.found.all[name]; a != nil {
			return Result{l, true, a}
		}
	}
	if sound {
		late := f.found.all[rules[l].late]
		return Result{l, late != nil, late}
	}
	w := f.walk(rules[l])
	var smallest []int32
	w.components(func(nodes []int32) bool {
		if smallest == nil || len(nodes) < len(smallest) {
			smallest = append(smallest[:0], nodes...)
		}
		return len(smallest) > 2
	})
	return Result{l, true, f.cycleAnomaly(w.shortest(smallest))}
}
