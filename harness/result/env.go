package result

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lsmlab/harness/journal"
)

// Env is where, and on what, a run was made: env.json. It contains no host or user
// name. A field that could not be determined is empty.
type Env struct {
	Schema  int       `json:"schema"`
	Started time.Time `json:"started"`
	Command string    `json:"command"` // the command that repeats this run

	CPU         string  `json:"cpu"` // model name
	Cores       int     `json:"cores"`
	GOMAXPROCS  int     `json:"gomaxprocs"`
	MemoryBytes int64   `json:"memory_bytes"`
	SwapBytes   int64   `json:"swap_bytes"` // configured
	Kernel      string  `json:"kernel"`
	OS          string  `json:"os"`
	Arch        string  `json:"arch"`
	Governor    string  `json:"cpu_governor,omitempty"`
	Hypervisor  bool    `json:"hypervisor"` // the CPU says that it is a guest's
	Load1       float64 `json:"load1"`      // load average of 1 minute at the start

	FileSystem   string `json:"filesystem"` // type at the data directory: ext4, xfs, ...
	MountOptions string `json:"mount_options"`
	Device       string `json:"device"` // block device or source of the mount

	GoVersion string `json:"go_version"`
	Module    string `json:"module_version,omitempty"`
	Commit    string `json:"commit,omitempty"`
	// CommitTime is when the commit was made; runs of before this field have none.
	CommitTime time.Time `json:"commit_time,omitzero"`
	Dirty      bool      `json:"dirty"` // the checkout had changes that were not committed

	Engines []EngineInfo `json:"engines"`

	// HarnessNSPerOp is the driver's own cost, in nanoseconds for each operation of
	// fillrandom by one thread on an engine that does nothing: making the key and the
	// value, recording the time, reading the clock. MeasureNSPerOp is the part of it
	// that measuring takes; the rest is work that every client of a store has. Both are
	// calibrated at the start of each run.
	HarnessNSPerOp float64 `json:"harness_ns_per_op"`
	MeasureNSPerOp float64 `json:"measure_ns_per_op"`
	// ClockNS is the cost of one reading of the clock that measures.
	ClockNS float64 `json:"clock_ns"`

	// Methods says, by name, how rss, cpu and writes were counted.
	Methods map[string]string `json:"methods"`
}

// ShortCommit names the commit for people: twelve digits at most, with a plus behind it if
// the checkout had changes. It is empty if the commit is unknown.
func (e Env) ShortCommit() string {
	if e.Commit == "" {
		return ""
	}
	short := e.Commit[:min(12, len(e.Commit))]
	if e.Dirty {
		short += "+"
	}
	return short
}

// Differences says in which properties that affect speed two machines differ, in one
// sentence each.
func (e Env) Differences(o Env) (notes []string) {
	for _, f := range []struct {
		name string
		x, y any
	}{
		{"CPU", e.CPU, o.CPU},
		{"cores", e.Cores, o.Cores},
		{"memory", e.MemoryBytes, o.MemoryBytes},
		{"kernel", e.Kernel, o.Kernel},
		{"file system", e.FileSystem, o.FileSystem},
		{"mount options", e.MountOptions, o.MountOptions},
		{"Go", e.GoVersion, o.GoVersion},
	} {
		if f.x != f.y {
			notes = append(notes, fmt.Sprintf("%s differs: %v and %v", f.name, f.x, f.y))
		}
	}
	return notes
}

// EngineInfo is one engine of a run.
type EngineInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Own     bool   `json:"own,omitempty"` // a variant of this module's core; others are peers
	// FixedLevel says that an open store gives only the durability level for which it
	// was opened.
	FixedLevel bool `json:"fixed_level,omitempty"`
	// Options are the effective options of each durability level, by the name of the
	// level. A level that the engine refuses is absent.
	Options map[string]string `json:"options"`
	// Isolations says, by the name of the isolation level, what gives it to transactions.
	// A level that the engine refuses is absent.
	Isolations map[string]string `json:"isolations,omitempty"`
	// Settings are further effective options, which hold at every level.
	Settings map[string]string `json:"settings,omitempty"`
	Summary  string            `json:"summary,omitempty"` // one line
}

// IsOwn says whether an engine or table is a variant of this module's core, as the run
// recorded it. Older runs did not record it. There, the name tells it, and the version:
// all others have the version of a module of their own.
func (e Env) IsOwn(name string) bool {
	recorded := slices.ContainsFunc(e.Engines, func(i EngineInfo) bool { return i.Own })
	for _, info := range e.Engines {
		switch {
		case info.Name != name:
		case recorded:
			return info.Own
		case info.Version == "" || info.Version == "(devel)" || strings.HasPrefix(info.Version, "v0.0.0-"):
			return true
		}
	}
	return name == "lsm" || strings.HasPrefix(name, "lsm-")
}

// ReadEnv reads env.json of a run directory.
func ReadEnv(dir string) (Env, error) {
	var e Env
	err := journal.ReadJSON(filepath.Join(dir, "env.json"), &e, false)
	return e, err
}

// WriteEnv writes env.json of a run directory.
func WriteEnv(dir string, e Env) error {
	e.Schema = SchemaVersion
	return journal.WriteJSON(filepath.Join(dir, "env.json"), e)
}
