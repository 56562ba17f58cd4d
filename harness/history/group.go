package history

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
)

// Dirs reads the runs of directories and lines them up by commit or date; an empty order
// is by commit where all runs of a group know the time of theirs, else by date. Warnings
// say what was left out of the runs that were read.
func Dirs(dirs []string, by string) (h History, warnings []string, err error) {
	if by != "" && by != ByCommit && by != ByDate {
		return h, nil, fmt.Errorf("order %q: want %s or %s", by, ByCommit, ByDate)
	}
	var runs []result.Run
	for i, dir := range dirs {
		dir = filepath.Clean(dir)
		if slices.ContainsFunc(dirs[:i], func(d string) bool { return filepath.Clean(d) == dir }) {
			return h, nil, fmt.Errorf("%s is given twice: name each run once", dir)
		}
		run, err := read(dir)
		if err != nil {
			return h, warnings, err
		}
		runs = append(runs, run)
		warnings = append(warnings, run.Warnings...)
	}
	h.Groups, err = groups(runs, by)
	return h, warnings, err
}

// read reads a run, which must say where and when it was made.
func read(dir string) (result.Run, error) {
	run, err := result.ReadRun(dir)
	if err != nil {
		return run, err
	}
	if _, err := os.Stat(filepath.Join(dir, "env.json")); errors.Is(err, fs.ErrNotExist) {
		return run, fmt.Errorf("%s: env.json is missing, so its machine, commit and date are unknown: copy the whole run directory", dir)
	}
	return run, nil
}

// machineOf names what must be the same for figures to be comparable. Kernel and Go
// version may change within a group: a change of figures between two of them says so.
func machineOf(e result.Env) string {
	return fmt.Sprintf("%s, %s, GOMAXPROCS %d, %.0f GiB of memory, %s %s, file system %s %s",
		e.CPU, human.Count(e.Cores, "core"), e.GOMAXPROCS, float64(e.MemoryBytes)/(1<<30), e.OS, e.Arch, e.FileSystem, e.MountOptions)
}

// workOf returns the hash of a plan's work.
func workOf(p result.Plan) (string, error) {
	b, err := json.Marshal(p.Work())
	if err != nil {
		return "", fmt.Errorf("plan: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6]), nil
}

// groups divides runs by machine and work, the largest group first.
func groups(runs []result.Run, by string) ([]Group, error) {
	type key struct{ machine, work string }
	var keys []key
	members := map[key][]result.Run{}
	for _, r := range runs {
		work, err := workOf(r.Plan)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Dir, err)
		}
		k := key{machineOf(r.Env), work}
		if len(members[k]) == 0 {
			keys = append(keys, k)
		}
		members[k] = append(members[k], r)
	}
	slices.SortStableFunc(keys, func(a, b key) int { return cmp.Compare(len(members[b]), len(members[a])) })
	var out []Group
	for _, k := range keys {
		own := members[k]
		order, err := sortRuns(own, by)
		if err != nil {
			return nil, err
		}
		g := Group{Machine: k.machine, Work: k.work, By: order, Env: own[len(own)-1].Env}
		if first := members[keys[0]][0]; k != keys[0] {
			g.Differs = differs(own[0], first)
		}
		for _, r := range own {
			g.Runs = append(g.Runs, Run{
				Dir: r.Dir, Started: r.Env.Started, Commit: r.Env.Commit, CommitTime: r.Env.CommitTime, Dirty: r.Env.Dirty,
				Kernel: r.Env.Kernel, GoVersion: r.Env.GoVersion,
			})
		}
		g.Series = g.series(own)
		out = append(out, g)
	}
	return out, nil
}

// differs says how a run differs from another of which the figures are not comparable.
func differs(r, other result.Run) string {
	if m, o := machineOf(r.Env), machineOf(other.Env); m != o {
		return fmt.Sprintf("%s ran on another machine than %s: %s, not %s", r.Dir, other.Dir, m, o)
	}
	field, mine, theirs, _ := r.Plan.Work().Difference(other.Plan.Work())
	return fmt.Sprintf("%s did other work than %s: %s is %v, not %v", r.Dir, other.Dir, field, mine, theirs)
}

// sortRuns sorts runs and returns their order.
func sortRuns(runs []result.Run, by string) (order string, err error) {
	var unknown []string
	for _, r := range runs {
		if r.Env.CommitTime.IsZero() {
			unknown = append(unknown, r.Dir)
		}
	}
	switch {
	case by == ByCommit && len(unknown) > 0:
		return "", fmt.Errorf("the time of the commit is unknown of %s: order them by date", strings.Join(unknown, ", "))
	case by == "" && len(unknown) > 0:
		by = ByDate
	case by == "":
		by = ByCommit
	}
	slices.SortStableFunc(runs, func(a, b result.Run) int {
		if c := a.Env.CommitTime.Compare(b.Env.CommitTime); by == ByCommit && c != 0 {
			return c
		}
		return a.Env.Started.Compare(b.Env.Started)
	})
	return by, nil
}
