// Package isorun is a run of `lsmlab isolation`: engines are probed at levels, and what
// comes of it is kept in a directory, from which a report is drawn and findings are shown
// again.
//
//	run.json                what ran
//	cells.jsonl             one engine at one level a line
//	histories/E-LEVEL.jsonl what the sessions of all scripts saw; isolation.Read reads it
//	findings/NNN/           finding.json, script.txt, history.jsonl, witness.txt, witness.dot
package isorun

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/probe"
)

// Files of a run directory.
const (
	RunFile       = "run.json"
	CellsFile     = "cells.jsonl"
	HistoriesDir  = "histories"
	findingsDir   = "findings"
	findingFile   = "finding.json"
	scriptFile    = "script.txt"
	historyFile   = "history.jsonl"
	witnessFile   = "witness.txt"
	witnessGraphs = "witness.dot"
)

// Run says what ran.
type Run struct {
	Command  string            `json:"command"`
	Seed     uint64            `json:"seed"`
	Scripts  int               `json:"scripts"` // random ones of each form and way
	Started  time.Time         `json:"started"`
	Ended    time.Time         `json:"ended"`
	Stopped  bool              `json:"stopped"` // before its end
	Versions map[string]string `json:"versions"`
}

// Cell is one engine at one level.
type Cell struct {
	Engine     string `json:"engine"`
	Level      string `json:"level"` // that was asked for
	Durability string `json:"durability"`
	// Refused says why the engine does not give the level; the rest is then empty.
	Refused string  `json:"refused,omitempty"`
	Error   string  `json:"error,omitempty"` // that ended the cell early
	Seconds float64 `json:"seconds"`

	probe.Cell
}

// AnomalyText lists the anomalies, each with the number of scripts that showed it.
func (c *Cell) AnomalyText() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c.Anomalies)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, c.Anomalies[name]))
	}
	return strings.Join(parts, ", ")
}

// LSNText says what the judge that goes by LSNs found; "-" if the engine tells none.
func (c *Cell) LSNText() string {
	switch {
	case c.JudgedByLSNs == 0:
		return "-"
	case c.Disagreed > 0:
		return fmt.Sprintf("disagrees in %d scripts", c.Disagreed)
	case c.RefutingByLSNs > 0:
		return fmt.Sprintf("refuted in %d scripts", c.RefutingByLSNs)
	}
	return "not refuted"
}

// Finding is a script that refutes what an engine promises.
type Finding struct {
	Engine     string             `json:"engine"`
	Level      string             `json:"level"`
	Durability string             `json:"durability"`
	Way        probe.Way          `json:"way"`
	Script     string             `json:"script"` // its name
	Promised   isolation.Level    `json:"promised"`
	By         *isolation.Anomaly `json:"by"`
	Disagreed  bool               `json:"disagreed,omitempty"` // the judge that goes by LSNs does not find it
	Command    string             `json:"command"`             // shows it again

	Text    string          `json:"-"` // of the script
	Witness string          `json:"-"`
	History []isolation.Txn `json:"-"`
}

// Dir is a run directory that is being written, by one goroutine.
type Dir struct {
	path     string
	findings int
}

// Create makes the directory, which must be new or empty.
func Create(path string, r Run) (*Dir, error) {
	names, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("run directory %s is not empty: give a new one", path)
	}
	for _, sub := range []string{HistoriesDir, findingsDir} {
		if err := os.MkdirAll(filepath.Join(path, sub), 0o755); err != nil {
			return nil, err
		}
	}
	d := &Dir{path: path}
	return d, d.SetRun(r)
}

// SetRun writes run.json again.
func (d *Dir) SetRun(r Run) error { return writeJSON(filepath.Join(d.path, RunFile), r) }

// addCell adds a cell.
func (d *Dir) addCell(c Cell) error {
	f, err := os.OpenFile(filepath.Join(d.path, CellsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(c), f.Close())
}

// addFinding writes the directory of a finding and returns its path. It sets the command
// that shows it again.
func (d *Dir) addFinding(f *Finding, t probe.Trial) (string, error) {
	d.findings++
	dir := filepath.Join(d.path, findingsDir, fmt.Sprintf("%03d", d.findings))
	f.Command = "lsmlab isolation replay " + dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	h, err := isolation.NewHistory(t.History)
	if err != nil {
		return "", err
	}
	var lines []byte
	for _, txn := range t.History {
		lines = isolation.AppendJSON(lines, txn)
	}
	for name, content := range map[string][]byte{
		scriptFile: []byte(t.Script.String()), historyFile: lines, witnessGraphs: []byte(h.DOT(f.By)), witnessFile: []byte(witness(h, f.By)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return "", err
		}
	}
	return dir, writeJSON(filepath.Join(dir, findingFile), f)
}

// witness tells an anomaly in words.
func witness(h *isolation.History, a *isolation.Anomaly) string {
	text := fmt.Sprintf("%s: %s\n", a.Name, a.Text)
	for _, e := range a.Cycle {
		text += fmt.Sprintf("  %-8s  %s\n", e.Kind, e.Text)
	}
	return text + h.Describe(a)
}

// Read reads a run directory. Errors name the file that is missing or damaged.
func Read(path string) (r Run, cells []Cell, findings []Finding, err error) {
	if err := readJSON(filepath.Join(path, RunFile), &r); err != nil {
		return r, nil, nil, err
	}
	name := filepath.Join(path, CellsFile)
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return r, nil, nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var c Cell
		if err := d.Decode(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return r, nil, nil, fmt.Errorf("%s: cell %d: %w", name, len(cells), err)
		}
		cells = append(cells, c)
	}
	entries, err := os.ReadDir(filepath.Join(path, findingsDir))
	if err != nil {
		return r, nil, nil, err
	}
	for _, e := range entries {
		f, err := ReadFinding(filepath.Join(path, findingsDir, e.Name()))
		if err != nil {
			return r, nil, nil, err
		}
		findings = append(findings, f)
	}
	return r, cells, findings, nil
}

// ReadFinding reads the directory of a finding.
func ReadFinding(dir string) (f Finding, err error) {
	if err := readJSON(filepath.Join(dir, findingFile), &f); err != nil {
		return f, err
	}
	if f.By == nil {
		return f, fmt.Errorf("%s: it has no anomaly", filepath.Join(dir, findingFile))
	}
	for name, text := range map[string]*string{scriptFile: &f.Text, witnessFile: &f.Witness} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return f, err
		}
		*text = string(b)
	}
	name := filepath.Join(dir, historyFile)
	file, err := os.Open(name)
	if err != nil {
		return f, err
	}
	f.History, err = isolation.ReadTxns(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	for _, t := range f.By.Txns {
		if t < 0 || t >= len(f.History) {
			return f, fmt.Errorf("%s: its anomaly names T%d, and %s has %d transactions", filepath.Join(dir, findingFile), t, historyFile, len(f.History))
		}
	}
	return f, nil
}

func writeJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

func readJSON(name string, v any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
