package disktier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// state is what is explored under each profile: an engine or a person's own program
// on one file system.
type state struct {
	name   string         // of its units
	cells  []*rundir.Cell // weakest profile first
	causes campaign.Causes
	silent silence
	took   time.Duration // to make the recordings
}

// silence says of a recording, by the name of its directory, which profiles showed
// nothing.
type silence map[string]map[explore.Profile]bool

// of returns the profiles that showed nothing of a recording.
func (s silence) of(rec *disk.Recording) map[explore.Profile]bool { return s[filepath.Base(rec.Dir)] }

// keep takes in that a profile showed nothing of a recording.
func (s *silence) keep(rec *disk.Recording, p explore.Profile) {
	name := filepath.Base(rec.Dir)
	if *s == nil {
		*s = silence{}
	}
	if (*s)[name] == nil {
		(*s)[name] = map[explore.Profile]bool{}
	}
	(*s)[name][p] = true
}

// knows says whether a violation is of a cause that was found.
func (s *state) knows(v *oracle.Violation) bool { return s.causes.Known[disk.Cause(v)] }

// keep takes in the cause of a finding that counts towards --findings.
func (s *state) keep(v *oracle.Violation) {
	s.causes.Keep(disk.Cause(v))
	s.causes.Found++
}

// memory is what a run that goes on must know of a subject, beside its cells.
type memory struct {
	Causes     *campaign.Causes `json:"causes"`
	Silent     *silence         `json:"silent"`
	Took       *time.Duration   `json:"took"` // nanoseconds
	Recordings *int             `json:"recordings"`
}

// do does a unit of a subject's work: see [campaign.Run.Do].
func (t *Tier) do(ctx context.Context, s *state, id string, work func() error) error {
	m := memory{&s.causes, &s.silent, &s.took, &t.recordings}
	return t.run.Do(ctx, s.name+" "+id, campaign.Memory{Cells: s.cells, State: &m}, work)
}

// recorded returns the next recording of a subject, which record makes in a directory
// of the run, unless an earlier go of the run has made it. It is nil if the program left
// none.
func (t *Tier) recorded(ctx context.Context, s *state, record func(dir string) (*disk.Recording, error)) (rec *disk.Recording, err error) {
	dir := func() string { return rundir.RecordingDir(t.run.Dir.Path(), t.recordings) }
	err = t.do(ctx, s, fmt.Sprintf("recording %d", t.recordings+1), func() (err error) {
		t.recordings++
		if err := os.RemoveAll(dir()); err != nil { // of a go that was cut
			return err
		}
		start := time.Now()
		rec, err = record(dir())
		s.took += time.Since(start)
		return err
	})
	if err != nil || rec != nil {
		return rec, err
	}
	if _, err := os.Stat(dir()); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	there, err := disk.ReadRecordings(dir())
	if err != nil {
		return nil, err
	}
	return there[0], nil
}
