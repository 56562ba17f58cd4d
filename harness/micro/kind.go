// Package micro is how contenders that are no engines (bare tables, lock schemes, codecs,
// ways to read a file) become cells like those of engines: in a fresh process each, in
// interleaved rounds, with intervals. A [Kind] says what contenders of one kind there are
// and what they are made to do; the runner of races does the rest.
//
// A plan names a kind in its field "kind". Its engines are then contenders of that kind,
// and its workloads are works of it.
package micro

import (
	"context"
	"strings"
	"time"

	"lsmlab/harness/machine"
	"lsmlab/harness/result"
)

// Kind is contenders that do the same work in different ways.
type Kind struct {
	Name       string // of the field "kind" of a plan
	About      string // one line
	Contenders []Contender
	Works      []Work
	Threads    []int // of a plan that names none; nil is one
	// KeySize and ValueSize are those of jobs that name none, in bytes; 0 where the kind's
	// work has no keys or no values.
	KeySize, ValueSize int
	// Check refuses a plan that asks for what the kind does not have, and names the field by
	// its name in JSON; nil refuses none. The error goes on after that name.
	Check func(p result.Plan) (field string, err error)
	// Measure does the work of a complete job once, in this process, and sets the figures of c. It
	// reports its phase and how much of the phase is done, in [0, 1]. Its error is that of
	// ctx, or says what the contender did wrong.
	Measure func(ctx context.Context, j Job, report Report, c *result.Cell) (Outcome, error)
}

// Contender is one way to do the work of a kind.
type Contender struct {
	Name    string
	About   string // one line
	Own     bool   // code of this module, not of a library
	Module  string // Go module of the library; "" for contenders of this module and of Go itself
	Version string // of that module; filled in by the catalog
}

// Work is something that every contender of a kind can be made to do.
type Work struct {
	Name  string
	About string // one line
}

// Job is one cell's work.
type Job struct {
	Contender, Work    string
	Keys               int64         // entries, or what else the kind says
	KeySize, ValueSize int           // bytes
	Ops                int64         // operations of all threads; 0 is as many as Keys, negative is until Duration
	Duration           time.Duration // limit of the measured part; 0 is none
	Threads            int
	Seed               uint64 // the same for every contender of a round
	Dir                string // empty, for files; removed after the cell
}

// Report is told the phase of a cell and how much of the phase is done, in [0, 1].
type Report func(phase string, done float64)

// Outcome is what was measured beside the figures of the cell.
type Outcome struct {
	Length      time.Duration // of the measured part
	Hists       []result.Hist
	Series      []result.Series
	Disturbance machine.Disturbance
}

// Complete fills in the sizes that a job leaves open. A negative ValueSize means empty
// values.
func (k Kind) Complete(j Job) Job {
	if j.KeySize == 0 {
		j.KeySize = k.KeySize
	}
	if j.ValueSize == 0 {
		j.ValueSize = k.ValueSize
	}
	j.ValueSize = max(j.ValueSize, 0)
	return j
}

// ContenderNames returns the names of the contenders in their order.
func (k Kind) ContenderNames() (names []string) {
	for _, c := range k.Contenders {
		names = append(names, c.Name)
	}
	return names
}

// WorkNames returns the names of the works in their order.
func (k Kind) WorkNames() (names []string) {
	for _, w := range k.Works {
		names = append(names, w.Name)
	}
	return names
}

// Contender returns a contender by its name, or by that with [result.Again] behind it.
func (k Kind) Contender(name string) (Contender, bool) {
	for _, c := range k.Contenders {
		if c.Name == strings.TrimSuffix(name, result.Again) {
			c.Name = name
			return c, true
		}
	}
	return Contender{}, false
}
