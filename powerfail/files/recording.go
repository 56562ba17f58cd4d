package files

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// Recording says what was recorded. It lies in a directory of its own, beside the log,
// so that it can be explored again.
type Recording struct {
	Program subject.Program `json:"program,omitzero"` // a person's own
	Fault   string          `json:"fault,omitempty"`

	Engine string `json:"engine,omitempty"` // "" for a person's own program
	Bug    string `json:"bug,omitempty"`    // planted
	Steps  string `json:"steps,omitempty"`  // text of a program, of an engine

	Dir string `json:"-"`
	Log *Log   `json:"-"`
}

// Subject returns what was recorded, in the form that results have, without a profile.
// Recordings of one subject are explored together.
func (r *Recording) Subject() rundir.Key {
	return rundir.Key{Engine: r.Engine, FileSystem: FileSystem, Bug: r.Bug}
}

// OfEngine says whether an engine was recorded, and not a person's own program.
func (r *Recording) OfEngine() bool { return r.Engine != "" }

// LogFile returns the name of the log.
func (r *Recording) LogFile() string { return filepath.Join(r.Dir, LogName) }

// Save writes what was recorded beside the log.
func (r *Recording) Save() error { return rundir.SaveRecording(r.Dir, r) }

// ReadRecordings reads the recordings at path: see [rundir.ReadRecordings].
func ReadRecordings(path string) ([]*Recording, error) {
	return rundir.ReadRecordings(path, func(dir string) *Recording { return &Recording{Dir: dir} }, (*Recording).Load)
}

// Load reads the log.
func (r *Recording) Load() (err error) {
	r.Log, err = readLog(r.LogFile())
	return err
}

// OwnJudge returns what makes judges of the states of a person's own program.
func (r *Recording) OwnJudge(stage *disk.Stage) func() disk.Judge {
	return func() disk.Judge { return disk.NewCommandJudge(stage, r.Program, r.Log.acked) }
}

// History returns what an engine was asked and what it promised.
func (r *Recording) History() (*oracle.History, *program.Program, error) {
	return program.Recorded(r.Steps, r.Log.find)
}

// text describes for people what was recorded.
func (r *Recording) text() string {
	if r.OfEngine() {
		return r.Steps
	}
	text := fmt.Sprintf("# workload: %s\n# check: %s\n", r.Program.Workload, r.Program.Check)
	if r.Program.Reopen != "" {
		text += fmt.Sprintf("# reopening: %s\n", r.Program.Reopen)
	}
	if r.Fault != "" {
		text += fmt.Sprintf("# made to fail: %s\n", r.Fault)
	}
	return text
}

// Explain adds to a finding what only the recording knows.
func (r *Recording) Explain(f *rundir.Finding) error {
	var s scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return err
	}
	f.Program, s.Program, s.Fault = r.text(), r.Program, r.Fault
	var err error
	if r.OfEngine() {
		f.Acked = nil // the history has them
		f.History, _, err = r.History()
	}
	if err != nil {
		return err
	}
	f.Scenario, err = json.Marshal(s)
	return err
}

// Found returns the recording of a finding, whose state was copied to dir.
func Found(f *rundir.Finding, dir string) (*Recording, bool, error) {
	var s scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return nil, false, fmt.Errorf("scenario of the finding: %w", err)
	}
	r := &Recording{Program: s.Program, Fault: s.Fault, Dir: dir}
	if s.Program.Workload == "" {
		r.Engine, r.Bug, r.Steps = f.Engine, f.Bug, f.Program
	}
	return r, s.Died, r.Load()
}

// Died returns the finding that the program did not end well while it was recorded.
func (r *Recording) Died(rule oracle.Rule, run *subject.Run) *rundir.Finding {
	f := &rundir.Finding{
		Tier: Tier, Rule: rule, Detail: run.Failed.Headline(), Output: run.Failed.Output, Depth: 1,
		Cut: oracle.Cut{Position: int64(r.Log.end), Kind: oracle.PowerOff}, Lost: []rundir.Loss{{What: "nothing: the program ended by itself, and no power was cut"}},
		State: func(dir string) error { return copyLog(r.LogFile(), dir) },
	}
	f.Scenario, _ = json.Marshal(scenario{Died: true}) // numbers and names
	for _, a := range r.Log.acks(r.Log.end) {
		f.Acked = append(f.Acked, rundir.Acked{ID: a.ID, Seconds: a.Seconds})
	}
	return f
}
