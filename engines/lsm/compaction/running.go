package compaction

import (
	"bytes"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// Running is the plans that are being carried out, as far as planning needs to know
// them. The zero value is none. Its user keeps it from being used at once.
type Running struct {
	plans  []*Plan
	tables map[uint64]bool // their inputs
	// cursor rotates the choice inside a level: the first table that begins at or
	// after it is taken next.
	cursor [manifest.NumLevels][]byte
}

// Start adds a plan, which stays as it is until its End.
func (r *Running) Start(p *Plan) {
	if r.tables == nil {
		r.tables = map[uint64]bool{}
	}
	r.plans = append(r.plans, p)
	for _, in := range p.Inputs {
		r.tables[in.Table.ID] = true
		if in.Level > 0 && in.Level < p.OutputLevel {
			r.cursor[in.Level] = append(slices.Clone(in.Table.Largest), 0)
		}
	}
}

// End takes a plan away that was added.
func (r *Running) End(p *Plan) {
	r.plans = slices.DeleteFunc(r.plans, func(q *Plan) bool { return q == p })
	for _, in := range p.Inputs {
		delete(r.tables, in.Table.ID)
	}
}

// Any says whether there is a plan.
func (r *Running) Any() bool { return len(r.plans) > 0 }

// into says whether a plan merges tables into a level.
func (r *Running) into(level int) bool {
	return slices.ContainsFunc(r.plans, func(p *Plan) bool { return p.OutputLevel == level && !p.Move })
}

func (r *Running) has(t *manifest.Table) bool { return r.tables[t.ID] }

// allows says whether p may run beside the others: it takes no input of theirs, and
// what it makes stays clear of what they make. Within L0 that is not known before.
func (r *Running) allows(p *Plan) bool {
	lo, hi := p.keyRange()
	for _, q := range r.plans {
		if q.OutputLevel != p.OutputLevel {
			continue
		}
		qlo, qhi := q.keyRange()
		if p.OutputLevel == 0 || bytes.Compare(lo, qhi) <= 0 && bytes.Compare(qlo, hi) <= 0 {
			return false
		}
	}
	return !slices.ContainsFunc(p.Inputs, func(in manifest.LevelTable) bool { return r.has(in.Table) })
}
