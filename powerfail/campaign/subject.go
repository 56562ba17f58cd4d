package campaign

import (
	"cmp"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// OwnProgram stands for the engine in cells of a person's own program.
const OwnProgram = "own program"

// ProfileKill stands for the profile in cells of killed programs: nothing that the
// operating system was handed is lost.
const ProfileKill = "kill"

// Subject is what is recorded and explored: an engine by name, or a person's own
// program.
type Subject struct {
	Engine  string
	Bug     string          // planted in the engine; "": none
	Program subject.Program // a person's own, if Engine is ""
}

// Own says whether the subject is a person's own program.
func (s *Subject) Own() bool { return s.Engine == "" }

// Cells returns a cell for each profile.
func (s *Subject) Cells(fileSystem string, profiles []explore.Profile) (cells []*rundir.Cell) {
	for _, p := range profiles {
		key := rundir.Key{Engine: cmp.Or(s.Engine, OwnProgram), FileSystem: fileSystem, Profile: string(p), Bug: s.Bug}
		cells = append(cells, &rundir.Cell{Key: key})
	}
	return cells
}

// Subjects returns the engines of o, or own if there are none.
func (o *Options) Subjects(own subject.Program) (all []Subject) {
	for _, engine := range o.Engines {
		all = append(all, Subject{Engine: engine, Bug: o.Bug})
	}
	if len(all) == 0 {
		all = append(all, Subject{Program: own})
	}
	return all
}
