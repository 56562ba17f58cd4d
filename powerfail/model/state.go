package model

import (
	"fmt"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
)

// Chooser decides at each site of a crash.
type Chooser = func(site vfs.CrashSite, n int) int

// State is one crash state: its kind, the choices in it, and the disk that it leaves.
type State struct {
	vfs.CrashOptions
	Choices explore.Choices
	Disk    *vfs.Mem
}

// Kill is the crash of the process alone. The operating system keeps everything that it
// was given, and what was not synced may still be lost in the next power cut.
func Kill() State { return State{CrashOptions: vfs.CrashOptions{ProcessCrash: true}} }

// Make makes the disk that a crash of m leaves now. choose decides; it is nil for
// Durable and for Kill.
func (s *State) Make(m *vfs.Mem, choose Chooser) {
	s.Choices = s.Choices[:0:0]
	if choose != nil {
		s.Choose = explore.Record(choose, &s.Choices)
	}
	s.Disk = m.CrashClone(s.CrashOptions)
	s.Choose = nil
}

// Follow makes the disk again from recorded choices.
func (s *State) Follow(m *vfs.Mem, t explore.Choices) { s.Make(m, explore.Follow[vfs.CrashSite](t)) }

// Again returns the same crash of m, with a new disk.
func (s *State) Again(m *vfs.Mem) State {
	fresh := State{CrashOptions: s.CrashOptions}
	fresh.Follow(m, s.Choices)
	return fresh
}

// CutKind says whether the machine or the process ended.
func (s *State) CutKind() oracle.Kind {
	if s.ProcessCrash {
		return oracle.Kill
	}
	return oracle.PowerOff
}

// EachLoss calls lost for each choice of the state that is not the newest one. m must
// be as it was when the state was made.
func (s *State) EachLoss(m *vfs.Mem, lost func(site vfs.CrashSite, got, n int)) {
	if s.ProcessCrash {
		return
	}
	follow := explore.Follow[vfs.CrashSite](s.Choices)
	told := State{CrashOptions: s.CrashOptions}
	told.Make(m, func(site vfs.CrashSite, n int) int {
		got := follow(site, n)
		if got < n-1 {
			lost(site, got, n)
		}
		return got
	})
}

// Outcome describes choice got of n at a site.
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

// place identifies a site of a crash at a given moment, whatever the crash chooses at
// other sites. A block is a site only if the size that survived covers it.
type place struct {
	kind   vfs.SiteKind
	file   string
	offset int64
	made   uint64 // number of the operation, for an entry
}

func placeOf(site vfs.CrashSite) place {
	p := place{kind: site.Kind, file: site.File, offset: site.Offset}
	if site.Kind == vfs.SiteEntry {
		p.made = site.Made
	}
	return p
}

// Shrink restores what a crash of m took, one loss after the other, as long as broken
// says that the state still shows the failure. It returns the last such state, whose
// losses are all necessary. It calls broken at most a few times for each loss.
func Shrink(m *vfs.Mem, s State, broken func(State) bool) State {
	var lost explore.Choices
	index := map[place]int{}
	s.EachLoss(m, func(site vfs.CrashSite, got, n int) {
		index[placeOf(site)] = len(lost)
		lost = append(lost, explore.Choice{N: n, Got: got})
	})
	explore.Shrink(lost, func(t explore.Choices) bool {
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

// Weakest looks for a crash of m under a profile weaker than p that still shows the
// failure. It tries the weakest profile first: the crash that takes everything, then
// the given number of crashes that draw makes. It returns the profile, and whether
// there was one. The crash is the last state with which it called shows. All states
// that shows gets have a disk.
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
