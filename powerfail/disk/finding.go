package disk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// LogName is the file of the block log in the state of a finding.
const LogName = "disk.blocklog"

// Scenario is what makes the crash state of a finding again, with its choices and
// its position, from the block log.
type Scenario struct {
	Model blocklog.Model `json:"model"`
	// CheckCommand is that of a person's own program, "" if an engine was judged.
	CheckCommand string `json:"checkCommand,omitempty"`
	Reopen       string `json:"reopen,omitempty"`
	// How to run the workload again, for a finding that is no crash state.
	Workload string `json:"workload,omitempty"`
	Busy     bool   `json:"busy,omitempty"`
	Fault    string `json:"fault,omitempty"`
	KillAt   int    `json:"killAt,omitempty"` // number of the acknowledgement
}

// finding shrinks a violation and describes it. It returns nil if the violation does not
// appear again on another disk.
func (r *run) finding(ctx context.Context) (f *rundir.Finding, err error) {
	c, err := newChecker(r.Stage, r.Kind, r.Log.Size, r.Judge())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	h := &hunt{run: r, ctx: ctx, checker: c}
	if !r.confirmed(ctx, c, r.state, r.broken, r.said) { // on a disk of its own
		return nil, nil
	}
	f = &rundir.Finding{Tier: Tier, Rule: r.broken.Rule, Depth: 1 + r.Depth}
	f.Weakest = h.weakest()
	h.shrink()
	f.Output = h.said
	f.Detail, f.Choices, f.Lost = r.broken.Detail, r.state.choices, r.losses()
	f.Cut = oracle.Cut{Position: r.state.position, Kind: oracle.PowerOff}
	f.Before = r.journal.after(r.state.position).text
	f.Scenario, err = json.Marshal(Scenario{Model: r.state.model})
	f.State = r.export
	if err != nil {
		return nil, err
	}
	f.Files, err = h.outcomes()
	return f, err
}

// losses says in words what the power cut took.
func (r *run) losses() (lost []rundir.Loss) {
	at := 0
	r.generator.disk.Crash(r.state.position, r.state.model, func(site blocklog.Site, n int) int {
		got := n - 1
		if at < len(r.state.choices) {
			got = min(r.state.choices[at].Got, n-1)
		}
		at++
		if got < n-1 {
			lost = append(lost, r.loss(site, got, n))
		}
		return got
	})
	if len(lost) == 0 {
		return []rundir.Loss{{What: "nothing that the disk was given: what is missing had not been written to it"}}
	}
	return lost
}

func (r *run) loss(site blocklog.Site, got, n int) rundir.Loss {
	l := rundir.Loss{What: site.Outcome(got, n)}
	if site.Kind != blocklog.SitePrefix {
		l.Operation = r.journal.layout.describe(r.Log.Ops[site.Op])
	}
	return l
}

// export writes the block log and the store of the finding into a directory.
func (r *run) export(dir string) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := copyAll(r.LogFile, filepath.Join(dir, LogName)); err != nil {
		return err
	}
	c, err := newChecker(r.Stage, r.Kind, r.Log.Size, copier{dir})
	if err != nil {
		return err
	}
	_, err = c.check(context.Background(), r.state.image, r.state.position)
	return errors.Join(err, c.Close())
}

// copier is a judge that copies the store that it is asked about.
type copier struct{ dir string }

// Judge implements [Judge].
func (c copier) Judge(_ context.Context, dir string, _ int64) (*oracle.Violation, error) {
	return nil, copyAll(dir, filepath.Join(c.dir, StoreName))
}

// Release implements [Judge].
func (copier) Release() error { return nil }

// copyAll copies a file or directory as it is, holes and all.
func copyAll(from, to string) error {
	if out, err := exec.Command("cp", "-a", "--sparse=always", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s to %s: %w: %s", from, to, err, out)
	}
	return nil
}

// Replay checks the state of a finding again, from its log at x.LogFile. It
// returns what is broken now, or nil.
func (x *Exploration) Replay(ctx context.Context, f *rundir.Finding) (broken *oracle.Violation, err error) {
	var s Scenario
	if err := json.Unmarshal(f.Scenario, &s); err != nil {
		return nil, fmt.Errorf("scenario of the finding: %w", err)
	}
	start, ok := x.Log.Find(markStart)
	if !ok || f.Cut.Position < start || f.Cut.Position > x.Log.End {
		return nil, fmt.Errorf("%s has no position %d", x.LogFile, f.Cut.Position)
	}
	d, err := blocklog.NewDisk(x.Log, start)
	if err != nil {
		return nil, err
	}
	c, err := newChecker(x.Stage, x.Kind, x.Log.Size, x.Judge())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.check(ctx, d.Crash(f.Cut.Position, s.Model, explore.Follow[blocklog.Site](f.Choices)), f.Cut.Position)
}
