package compaction

import (
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// Running is the plans that are being carried out, as far as planning needs to know
// them. The zero value is none. Its user keeps it from being used at once.
type Running struct {
	tables map[uint64]bool // inputs
	inL0   bool            // one of the plans merges within L0
	// cursor rotates the choice inside a level: the first table that begins at or
	// after it is taken next.
	cursor [manifest.NumLevels][]byte
}

// Start adds a plan.
func (r *Running) Start(p *Plan) {
	if r.tables == nil {
		r.tables = map[uint64]bool{}
	}
	for _, in := range p.Inputs {
		r.tables[in.Table.ID] = true
		if in.Level > 0 && in.Level < p.OutputLevel {
			r.cursor[in.Level] = append(slices.Clone(in.Table.Largest), 0)
		}
	}
	r.inL0 = r.inL0 || p.OutputLevel == 0
}

// End takes a plan away that was added.
func (r *Running) End(p *Plan) {
	for _, in := range p.Inputs {
		delete(r.tables, in.Table.ID)
	}
	r.inL0 = r.inL0 && p.OutputLevel != 0
}

func (r *Running) has(t *manifest.Table) bool { return r.tables[t.ID] }
