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

// state is the progress with one subject (an engine, or a person's own program) on one file
// system, under all profiles.
type state struct {
	name   string         // of its units
	cells  []*rundir.Cell // weakest profile first
	causes campaign.Causes
	silent silence
	took   time.Duration // to make the recordings
}

// silence has, for each recording by the name of its directory, the profiles under which
// nothing was found.
type silence map[string]map[explore.Profile]bool

// of returns the profiles under which nothing was found in a recording.
func (s silence) of(rec *disk.Recording) map[explore.Profile]bool { return s[filepath.Base(rec.Dir)] }

// keep records that nothing was found in a recording under a profile.
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

// knows says whether the cause of a violation was found before.
func (s *state) knows(v *oracle.Violation) bool { return s.causes.Known[disk.Cause(v)] }

// keep records the cause of a finding that counts towards --findings.
func (s *state) keep(v *oracle.Violation) {
	s.causes.Keep(disk.Cause(v))
	s.causes.Found++
}

// memory is what a resumed run must know of a subject, beside its cells.
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

// recorded returns the next recording of a subject. Unless the run is resumed and has that
// recording already, record makes it in a directory of the run. The recording is nil if the
// program left none.
func (t *Tier) recorded(ctx context.Context, s *state, record func(dir string) (*disk.Recording, error)) (rec *disk.Recording, err error) {
	dir := func() string { return rundir.RecordingDir(t.run.Dir.Path(), t.recordings) }
	err = t.do(ctx, s, fmt.Sprintf("recording %d", t.recordings+1), func() (err error) {
		t.recordings++
		if err := os.RemoveAll(dir()); err != nil { // of a unit that was interrupted
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
