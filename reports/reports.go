// Package reports draws what a run left on disk: charts, and one page that a person can
// defend and pass on. [Render] takes the directory of any run (a race, a race of bare
// MemTables, a load of a service, or a crash test) and finds out which it is. Each kind
// of run has a package of its own. Package chart draws figures, and package page makes
// pages.
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
	"lsmlab/reports/race"
	"lsmlab/reports/service"
)

// Kind is the kind of run in a directory.
type Kind int

// The kinds of runs.
const (
	Race    Kind = iota // a race of engines or of bare MemTables; also a directory that contains no run
	Service             // a load of a service
	Crash               // a crash test
)

// KindOf returns the kind of run in a directory, according to the file that says what
// was asked for.
func KindOf(dir string) Kind {
	switch {
	case crash.Is(dir):
		return Crash
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
	case Service:
		return service.Render(dir)
	default:
		return race.Render(dir, o.Baseline)
	}
}
