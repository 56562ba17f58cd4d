// Package reports draws what a run left on disk: charts, and one page that a person can
// defend and pass on. [Render] takes the directory of any run (a race, a race of bare
// MemTables, a load of a service, a crash test, a probe of isolation levels, a study, a model of a
// trace, the history of runs, or a verdict on engines) and finds out which it is. Each kind of run
// has a package of its own. Package chart
// draws figures, and package page makes pages.
//
// Invariants of all kinds:
//
//  1. Everything comes from the files of the directory and from nothing else: the same
//     files give the same bytes, on every machine and at every time.
//  2. Every chart names its machine, its version and its command. A run that cannot give
//     them is refused.
//  3. index.html needs no other file: charts, styles and script are inside, and its
//     content security policy forbids every request.
//  4. Damage is an error that names the file.
//
// All statistics come from harness/stat.
package reports

import (
	"path/filepath"

	"lsmlab/harness/result"
	"lsmlab/reports/crash"
	"lsmlab/reports/history"
	"lsmlab/reports/isolation"
	"lsmlab/reports/race"
	"lsmlab/reports/service"
	"lsmlab/reports/study"
	"lsmlab/reports/trace"
	"lsmlab/reports/verdict"
)

// Kind is the kind of run in a directory.
type Kind int

// The kinds of runs.
const (
	Race      Kind = iota // a race of engines or of bare MemTables; also a directory that contains no run
	Service               // a load of a service
	Crash                 // a crash test
	Isolation             // a probe of isolation levels
	Study                 // a study, or a set of studies
	Trace                 // a model of a trace
	History               // figures of runs over time
	Verdict               // a verdict on engines, over runs of several kinds
)

// KindOf returns the kind of run in a directory, according to the file that says what
// was asked for.
func KindOf(dir string) Kind {
	switch {
	case verdict.Is(dir):
		return Verdict
	case isolation.Is(dir):
		return Isolation
	case crash.Is(dir):
		return Crash
	case study.Is(dir), study.IsSet(dir):
		return Study
	case trace.Is(dir):
		return Trace
	case history.Is(dir):
		return History
	case result.IsLoad(dir):
		return Service
	}
	return Race
}

// Options change what is drawn. The zero value gives the usual report.
type Options struct {
	// Baseline is the engine of a race to which ratios are relative. If it is empty,
	// this is pebble if the run has it, else a public skiplist, else the first engine
	// of the plan.
	Baseline string
}

// Render draws the page of a directory of any kind again, from its raw results, and
// returns the path of index.html. After an error, index.html is unchanged.
func Render(dir string, o Options) (indexPath string, err error) {
	dir = filepath.Clean(dir)
	switch KindOf(dir) {
	case Crash:
		return crash.Render(dir)
	case Isolation:
		return isolation.Render(dir)
	case Study:
		return renderStudy(dir)
	case Trace:
		return trace.Render(dir)
	case History:
		return history.Render(dir)
	case Verdict:
		return renderVerdict(dir)
	case Service:
		return service.Render(dir)
	default:
		return race.Render(dir, o.Baseline)
	}
}

// renderStudy draws the pages of a study's parts, which are races, and then its own; of a
// set, the pages of its studies before its own.
func renderStudy(dir string) (indexPath string, err error) {
	for _, below := range study.Below(dir) {
		if _, err := Render(below, Options{}); err != nil {
			return "", err
		}
	}
	return study.Render(dir)
}

// renderVerdict draws the pages of those runs that belong to a verdict, and then its own.
func renderVerdict(dir string) (indexPath string, err error) {
	below, err := verdict.Below(dir)
	if err != nil {
		return "", err
	}
	for _, b := range below {
		if _, err := Render(b, Options{}); err != nil {
			return "", err
		}
	}
	return verdict.Render(dir)
}
