package rundir

import (
	"errors"
	"fmt"
	"strings"
)

// Merge joins the directories of a run's shards into a new one at out: equal
// cells are added up, so counts are those of one run, and findings are numbered
// on. Times are those from the first start to the last end.
func Merge(out string, dirs []string) (err error) {
	if len(dirs) == 0 {
		return errors.New("merge: no run directory given")
	}
	var run Run
	var order []Key
	sums := map[Key]*Cell{}
	var findings []Finding
	var shards []string
	for i, dir := range dirs {
		r, cells, found, err := Read(dir)
		if err != nil {
			return err
		}
		if i == 0 {
			run = r
		}
		if r.Tier != run.Tier || r.Seed != run.Seed {
			return fmt.Errorf("merge: %s is of tier %s, seed %d, and %s of tier %s, seed %d: not shards of one run",
				dirs[0], run.Tier, run.Seed, dir, r.Tier, r.Seed)
		}
		if r.Shard != "" {
			shards = append(shards, r.Shard)
		}
		run.join(r)
		findings = append(findings, found...)
		for _, c := range cells {
			if sums[c.Key] == nil {
				sums[c.Key] = &Cell{Key: c.Key}
				order = append(order, c.Key)
			}
			sums[c.Key].Add(&c.Counts)
			sums[c.Key].Seconds += c.Seconds
		}
	}
	run.Shard = strings.Join(shards, " ")
	d, err := Create(out, run)
	if err != nil {
		return err
	}
	for _, key := range order {
		err = errors.Join(err, d.AddCell(*sums[key]))
	}
	for _, f := range findings {
		f.Command = "" // it replays the directory that is now made
		_, e := d.AddFinding(f)
		err = errors.Join(err, e)
	}
	return err
}

// join stretches the times of r over those of another shard.
func (r *Run) join(o Run) {
	if o.Started.Before(r.Started) {
		r.Started = o.Started
	}
	if o.Ended.After(r.Ended) {
		r.Ended = o.Ended
	}
	r.Stopped = r.Stopped || o.Stopped
}
