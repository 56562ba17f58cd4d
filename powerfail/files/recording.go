package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// recordingName is the file of a recording beside its log.
const recordingName = "recording.json"

// Recording says what was recorded. It lies in a directory of its own, beside the log,
// so that it can be explored again.
type Recording struct {
	Program subject.Program `json:"program"`
	Fault   string          `json:"fault,omitempty"`

	Dir string `json:"-"`
	Log *Log   `json:"-"`
}

// LogFile returns the name of the log.
func (r *Recording) LogFile() string { return filepath.Join(r.Dir, LogName) }

// Save writes what was recorded beside the log.
func (r *Recording) Save() error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.Dir, recordingName), append(data, '\n'), 0o644)
}

// Load reads the log.
func (r *Recording) Load() (err error) {
	r.Log, err = ReadLog(r.LogFile())
	return err
}

// ReadRecordings reads the recordings at path: the directory of one, a file in it, or
// a run directory with several.
func ReadRecordings(path string) (all []*Recording, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		path = filepath.Dir(path)
	}
	names, err := filepath.Glob(filepath.Join(path, "recordings", "*", recordingName)) // sorted
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = []string{filepath.Join(path, recordingName)}
	}
	for _, name := range names {
		r := &Recording{Dir: filepath.Dir(name)}
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no recording there: want a run directory of crash files, or the directory of a recording in one", path)
		}
		if err == nil {
			err = json.Unmarshal(data, r)
		}
		if err = errors.Join(err, r.Load()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// Judge returns what makes judges of the recording's states.
func (r *Recording) Judge(stage *disk.Stage) func() disk.Judge {
	return func() disk.Judge { return disk.NewCommandJudge(stage, r.Program, r.Log.Acked) }
}

// Text says for people what was recorded.
func (r *Recording) Text() string {
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
	var s Scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return err
	}
	f.Program, s.Program, s.Fault = r.Text(), r.Program, r.Fault
	var err error
	f.Scenario, err = json.Marshal(s)
	return err
}

// Found returns the recording of a finding, whose state was copied to dir.
func Found(f *rundir.Finding, dir string) (*Recording, bool, error) {
	var s Scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return nil, false, fmt.Errorf("scenario of the finding: %w", err)
	}
	r := &Recording{Program: s.Program, Fault: s.Fault, Dir: dir}
	return r, s.Died, r.Load()
}

// Died returns the finding that the program did not end well while it was recorded.
func (r *Recording) Died(rule oracle.Rule, life *subject.Life) *rundir.Finding {
	f := &rundir.Finding{
		Tier: Tier, Rule: rule, Detail: life.Failed.Headline(), Output: life.Failed.Output, Depth: 1,
		Cut: oracle.Cut{Position: int64(r.Log.end), Kind: oracle.Kill}, Before: "nothing: no crash is needed",
		State: func(dir string) error { return copyLog(r.LogFile(), dir) },
	}
	f.Scenario, _ = json.Marshal(Scenario{Died: true}) // numbers and names
	for _, a := range r.Log.Acks(r.Log.end) {
		f.Acked = append(f.Acked, rundir.Acked{ID: a.ID, Seconds: a.Seconds})
	}
	return f
}
