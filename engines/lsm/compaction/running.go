package compaction

import (
	"bytes"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// Running is the plans that are being carried out, as far as planning needs to know
// them. The zero value has none. It is not safe for concurrent use; the caller guards
// it.
type Running struct {
	plans  []*Plan
	tables map[uint64]bool // IDs of the inputs of all plans
	// cursor makes the choice within a level go round: the first table that begins at
	// or after it is taken next.
	cursor [manifest.NumLevels][]byte
}

// Start adds a plan. The caller must not change it before End.
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

// End removes a plan that Start added.
func (r *Running) End(p *Plan) {
	r.plans = slices.DeleteFunc(r.plans, func(q *Plan) bool { return q == p })
	for _, in := range p.Inputs {
		delete(r.tables, in.Table.ID)
	}
}

// Any says whether any plan is being carried out.
func (r *Running) Any() bool { return len(r.plans) > 0 }

// into says whether a plan merges tables into the level.
func (r *Running) into(level int) bool {
	return slices.ContainsFunc(r.plans, func(p *Plan) bool { return p.OutputLevel == level && !p.Move })
}

func (r *Running) has(t *manifest.Table) bool { return r.tables[t.ID] }

// allows says whether p may run concurrently with the other plans. p must take none of
// their inputs, and its output must not overlap theirs. For merges within L0 the output
// is not known in advance, so only one of them runs at a time.
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
