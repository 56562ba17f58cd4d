package sim

import (
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
)

// choose decides at the places where a crash chooses.
type choose = func(vfs.CrashSite, int) int

// shot is one crash: its kind, the choices in it, and the disk that it leaves.
type shot struct {
	vfs.CrashOptions
	trail explore.Trail
	disk  *vfs.Mem
}

// made makes the disk of the life's crash now, by choose.
func (s *shot) made(l *life, choose choose) {
	s.trail = s.trail[:0:0]
	if choose != nil {
		s.Choose = explore.Record(choose, &s.trail)
	}
	s.disk = l.disk.CrashClone(s.CrashOptions)
	s.Choose = nil
}

// follow makes the disk again, by a trail.
func (s *shot) follow(l *life, t explore.Trail) { s.made(l, explore.Follow[vfs.CrashSite](t)) }

func (s *shot) cutKind() oracle.Kind {
	if s.ProcessCrash {
		return oracle.Kill
	}
	return oracle.PowerOff
}
