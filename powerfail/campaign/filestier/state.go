package filestier

import (
	"context"
	"errors"
	"fmt"
	"os"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/rundir"
)

// memory is what a resumed run must know of a subject, beside its cells.
type memory struct {
	Causes     *campaign.Causes `json:"causes"`
	Recordings *int             `json:"recordings"`
}

// do does a unit of the subject's work: see [campaign.Run.Do].
func (t *Tier) do(ctx context.Context, cell *rundir.Cell, id string, work func() error) error {
	m := memory{&t.causes, &t.number}
	return t.run.Do(ctx, t.name+" "+id, campaign.Memory{Cells: []*rundir.Cell{cell}, State: &m}, work)
}

// recorded returns the next recording of the subject. Unless the run is resumed and has that
// recording already, record makes it. The recording is nil if the program left none. A
// program that fails is a finding of cell.
func (t *Tier) recorded(ctx context.Context, cell *rundir.Cell, record func() (*files.Recording, error)) (rec *files.Recording, err error) {
	next := rundir.RecordingDir(t.run.Dir.Path(), t.number+1)
	err = t.do(ctx, cell, fmt.Sprintf("recording %d", t.number+1), func() (err error) {
		if err := os.RemoveAll(next); err != nil { // of a go that was cut
			return err
		}
		rec, err = record()
		return err
	})
	if err != nil || rec != nil {
		return rec, err
	}
	if _, err := os.Stat(next); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	there, err := files.ReadRecordings(next)
	if err != nil {
		return nil, err
	}
	return there[0], nil
}
