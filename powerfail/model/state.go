package model

import (
	"fmt"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
)

// Chooser decides at the places where a crash chooses.
type Chooser = func(site vfs.CrashSite, n int) int

// State is one crash: its kind, the choices in it, and the disk that it leaves.
type State struct {
	vfs.CrashOptions
	Trail explore.Trail
	Disk  *vfs.Mem
}

// Kill is the crash of the process alone: the operating system has all that it
// was handed, and what was not synced is at stake in the next power cut.
func Kill() State { return State{CrashOptions: vfs.CrashOptions{ProcessCrash: true}} }

// Make makes the disk of a crash of m now, by choose, which is nil for the durable
// and for a kill.
func (s *State) Make(m *vfs.Mem, choose Chooser) {
	s.Trail = s.Trail[:0:0]
	if choose != nil {
		s.Choose = explore.Record(choose, &s.Trail)
	}
	s.Disk = m.CrashClone(s.CrashOptions)
	s.Choose = nil
}

// Follow makes the disk again, by a trail.
func (s *State) Follow(m *vfs.Mem, t explore.Trail) { s.Make(m, explore.Follow[vfs.CrashSite](t)) }

// Again returns the same crash of m, with a disk of its own.
func (s *State) Again(m *vfs.Mem) State {
	fresh := State{CrashOptions: s.CrashOptions}
	fresh.Follow(m, s.Trail)
	return fresh
}

// CutKind says what ended.
func (s *State) CutKind() oracle.Kind {
	if s.ProcessCrash {
		return oracle.Kill
	}
	return oracle.PowerOff
}

// EachLoss calls lost for each choice of the state that is not the newest. m is as
// it was when the state was made.
func (s *State) EachLoss(m *vfs.Mem, lost func(site vfs.CrashSite, got, n int)) {
	if s.ProcessCrash {
		return
	}
	follow := explore.Follow[vfs.CrashSite](s.Trail)
	told := State{CrashOptions: s.CrashOptions}
	told.Make(m, func(site vfs.CrashSite, n int) int {
		got := follow(site, n)
		if got < n-1 {
			lost(site, got, n)
		}
		return got
	})
}

// Outcome says in words what choice got of n at a site means.
func Outcome(site vfs.CrashSite, got, n int) string {
	switch site.Kind {
	case vfs.SiteBlock:
		return fmt.Sprintf("bytes %d to %d of %s are those of version %d of %d since the last sync",
			site.Offset, site.Offset+site.Length, site.File, got, n-1)
	case vfs.SiteSize:
		return fmt.Sprintf("size of %s: only %d of %d changes since the last sync are there", site.File, got, n-1)
	case vfs.SiteEntries:
		return fmt.Sprintf("directory %s: only the first %d of %d changes since its last sync are there", site.File, got, n-1)
	case vfs.SiteEntry:
		return fmt.Sprintf("directory entry: the %v of %s is not there", site.Op, site.File)
	case vfs.SiteGarbage:
		return fmt.Sprintf("bytes %d to %d of %s are stale or noise", site.Offset, site.Offset+site.Length, site.File)
	}
	return ""
}

// place tells sites apart that a crash of one moment has, whatever it chooses at the
// others: a block may be at stake or not, by the size that is found.
type place struct {
	kind   vfs.SiteKind
	file   string
	offset int64
	made   uint64 // of an entry
}

func placeOf(site vfs.CrashSite) place {
	p := place{kind: site.Kind, file: site.File, offset: site.Offset}
	if site.Kind == vfs.SiteEntry {
		p.made = site.Made
	}
	return p
}

// Shrink gives back what a crash of m took, as long as broken says that the state still
// shows what it did, and returns the last state that does. What it lost is the least
// that must be. It calls broken a few times for each loss at most.
func Shrink(m *vfs.Mem, s State, broken func(State) bool) State {
	var lost explore.Trail
	index := map[place]int{}
	s.EachLoss(m, func(site vfs.CrashSite, got, n int) {
		index[placeOf(site)] = len(lost)
		lost = append(lost, explore.Choice{N: n, Got: got})
	})
	explore.Shrink(lost, func(t explore.Trail) bool {
		tried := State{CrashOptions: s.CrashOptions}
		tried.Make(m, func(site vfs.CrashSite, n int) int {
			if i, ok := index[placeOf(site)]; ok && t[i].Got < t[i].N-1 {
				return min(t[i].Got, n-1)
			}
			return n - 1
		})
		if !broken(tried) {
			return false
		}
		s = tried
		return true
	})
	return s
}

// Weakest looks for a crash of m under a profile weaker than p that shows what was
// found, the weakest first: the one that takes all, then so many that draw makes. It
// returns the profile, and whether there was one; the state is the last that shows was
// given. It calls shows with states that have a disk.
func Weakest(m *vfs.Mem, p explore.Profile, draws int, draw func(Kind) State, shows func(State) bool) (explore.Profile, bool) {
	for _, weaker := range p.Weaker() {
		k := KindOf(weaker)
		s := k.Durable()
		s.Make(m, explore.Durable[vfs.CrashSite])
		if shows(s) {
			return weaker, true
		}
		for range draws {
			if k.Keeps == nil {
				break
			}
			if shows(draw(k)) {
				return weaker, true
			}
		}
	}
	return p, false
}
