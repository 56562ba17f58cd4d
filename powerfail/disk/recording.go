package disk

import (
	"path/filepath"
	"slices"
	"strings"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// Recording says what was recorded. It lies in a directory of its own, beside the
// block log, so that it can be explored again.
type Recording struct {
	Engine       string `json:"engine,omitempty"` // "" for a program of the user
	FileSystem   string `json:"fileSystem"`
	Bug          string `json:"bug,omitempty"`     // planted
	Program      string `json:"program,omitempty"` // text, of an engine
	Workload     string `json:"workload,omitempty"`
	CheckCommand string `json:"checkCommand,omitempty"`
	Reopen       string `json:"reopen,omitempty"`
	Busy         bool   `json:"busy,omitempty"`  // a neighbour used the file system too
	Fault        string `json:"fault,omitempty"` // of the disk: see [ParseFault]
	// Acks are the acknowledgements of a person's own program, in the order of their marks.
	Acks []subject.Ack `json:"acks,omitempty"`

	Dir string        `json:"-"`
	Log *blocklog.Log `json:"-"`
}

// Subject returns what was recorded, in the form that results have, without a profile.
// Recordings of one subject are explored together.
func (r *Recording) Subject() rundir.Key {
	return rundir.Key{Engine: r.Engine, FileSystem: r.FileSystem, Bug: r.Bug}
}

// OfEngine says whether an engine was recorded, and not a person's own program.
func (r *Recording) OfEngine() bool { return r.Engine != "" }

// LogFile returns the name of the block log.
func (r *Recording) LogFile() string { return filepath.Join(r.Dir, LogName) }

// Save writes what was recorded beside the log.
func (r *Recording) Save() error { return rundir.SaveRecording(r.Dir, r) }

// ReadRecordings reads the recordings at path: see [rundir.ReadRecordings].
func ReadRecordings(path string) ([]*Recording, error) {
	return rundir.ReadRecordings(path, func(dir string) *Recording { return &Recording{Dir: dir} }, (*Recording).Load)
}

// Load reads the block log.
func (r *Recording) Load() (err error) {
	r.Log, err = blocklog.ReadFile(r.LogFile())
	return err
}

// Own returns the person's own program that was recorded.
func (r *Recording) Own() subject.Program {
	return subject.Program{Workload: r.Workload, Check: r.CheckCommand, Reopen: r.Reopen}
}

// Wrote says whether the workload made a file.
func (r *Recording) Wrote() bool {
	return slices.ContainsFunc(r.Log.Marks, func(m blocklog.Mark) bool { return strings.HasPrefix(m.Text, sizeMark) })
}

// Acked returns what a person's own program had acknowledged by a position.
func (r *Recording) Acked(position int64) (acked []rundir.Acked) {
	n := 0
	for _, m := range r.Log.Marks {
		id, ok := strings.CutPrefix(m.Text, ackPrefix)
		if !ok || m.Position > position {
			continue
		}
		a := rundir.Acked{ID: id}
		if n < len(r.Acks) { // older recordings have no times
			a.Seconds = r.Acks[n].Seconds
		}
		acked = append(acked, a)
		n++
	}
	return acked
}

// History returns what an engine was asked and what it promised.
func (r *Recording) History() (*oracle.History, *program.Program, error) {
	return program.Recorded(r.Program, r.Log.Find)
}
