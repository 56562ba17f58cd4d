package disktier

import (
	"context"
	"errors"
	"fmt"
	"os"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/program"
)

// recordEngine records a program of an engine.
func (t *Tier) recordEngine(ctx context.Context, engine string, kind disk.FileSystem, p *program.Program, dir string) (*disk.Recording, error) {
	rec := &disk.Recording{Engine: engine, Bug: t.Bug, Program: p.String(), Dir: dir, Busy: t.Busy}
	file, err := t.stage.WriteFile("program.txt", []byte(rec.Program))
	if err != nil {
		return nil, err
	}
	return t.record(ctx, kind, rec, disk.Worker(t.self.Worker(engine, t.Bug, file)))
}

// record runs a workload and writes its log to the directory of the recording.
func (t *Tier) record(ctx context.Context, kind disk.FileSystem, rec *disk.Recording, w disk.Workload) (*disk.Recording, error) {
	rec.FileSystem = kind.Name
	if err := os.MkdirAll(rec.Dir, 0o755); err != nil {
		return nil, err
	}
	source := t.source(kind, rec, w)
	if rec.Fault != "" {
		var err error
		if source.Fail, err = disk.ParseFault(rec.Fault); err != nil {
			return nil, err
		}
	}
	if err := disk.Record(ctx, t.stage, source, rec.LogFile()); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return rec, errors.Join(rec.Save(), rec.Load())
}

// source returns what is recorded for rec.
func (t *Tier) source(kind disk.FileSystem, rec *disk.Recording, w disk.Workload) disk.Source {
	return disk.Source{
		FileSystem: kind, Size: max(t.Size, kind.MinSize), Server: t.self.Fuse(), Workload: w,
		Busy: rec.Busy, Seed: t.Seed + uint64(t.recordings),
	}
}
