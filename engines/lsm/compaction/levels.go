package compaction

import "lsmlab/engines/lsm/manifest"

// last is the level that all data comes to in the end.
const last = manifest.NumLevels - 1

// shape is how large the levels of a version should be. It follows from the
// bottom up, as RocksDB's dynamic level sizes: L6 takes what comes, each level
// above may hold a SizeRatio-th of the one below, and where that is less than
// BaseBytes there should be no level at all. So nearly all data is at the bottom,
// where each key is once, and nothing is written again for a level that a store
// of that size can do without.
type shape struct {
	base   int // the level that L0 is merged into
	limits [manifest.NumLevels]int64
}

func (p Planner) shape(v *manifest.Version) shape {
	s := shape{base: last}
	size := float64(v.LevelBytes(last))
	for s.base > 1 && size > float64(p.BaseBytes)*p.SizeRatio {
		s.base--
		size /= p.SizeRatio
		s.limits[s.base] = int64(size)
	}
	// Nothing may sink past what is in a level that should be empty.
	for level := 1; level < s.base; level++ {
		if len(v.Levels[level]) > 0 {
			s.base = level
			break
		}
	}
	return s
}

// over returns the bytes that would have to leave a level if come were added to it.
func (s *shape) over(v *manifest.Version, level int, come int64) int64 {
	return max(0, v.LevelBytes(level)+come-s.limits[level])
}

// score returns how full a level is, as a share of its limit, without tables that
// a running compaction takes away: infinitely, if the level should be empty.
func (s *shape) score(v *manifest.Version, level int, busy func(uint64) bool) float64 {
	var size int64
	for _, t := range v.Levels[level] {
		if !busy(t.ID) {
			size += t.Size
		}
	}
	if size == 0 {
		return 0
	}
	return float64(size) / float64(s.limits[level])
}

// Debt estimates the bytes that compactions must read to bring v within its
// limits: the columns of L0 that are due, and what is over a level's limit with
// its share of the level below.
func (p Planner) Debt(v *manifest.Version) int64 {
	s := p.shape(v)
	var debt, come int64
	for _, c := range columns(v, s.base) {
		if p.score(&c) >= 1 {
			debt += c.above + c.below
			come += c.above
		}
	}
	for level := s.base; level < last; level++ {
		come = s.over(v, level, come)
		debt += come + min(v.LevelBytes(level+1), int64(float64(come)*p.SizeRatio))
	}
	return debt
}

// Pressure is how far compactions are behind what is written, counted in tables
// of L0.
type Pressure struct {
	L0   float64 // the most that are over a key, where [Planner.L0Trigger] would be due
	Deep float64 // how many would hold what deeper levels have over their limits
}

// Pressure returns the pressure of v, tables of L0 having size bytes. Without what
// is counted of deeper levels, a tree under lasting writes grows tall ones full of
// old versions.
func (p Planner) Pressure(v *manifest.Version, size int64) (pressure Pressure) {
	s := p.shape(v)
	for _, c := range columns(v, s.base) {
		pressure.L0 = max(pressure.L0, p.score(&c)*float64(p.L0Trigger))
	}
	for level := 1; level < last; level++ {
		pressure.Deep += float64(s.over(v, level, 0)) / float64(size)
	}
	return pressure
}
