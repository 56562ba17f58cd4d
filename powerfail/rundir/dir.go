package rundir

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lsmlab/harness/journal"
	"lsmlab/powerfail/oracle"
)

// Files of a run directory.
const (
	RunFile   = "run.json"
	CellsFile = "cells.jsonl"

	findingsName = "findings" // directory of the directories of findings
)

// Dir is a run directory that is being written. It is used by one goroutine at a
// time.
type Dir struct {
	path     string
	findings int
}

// Create makes the directory, which must be new or empty, and writes run.json.
func Create(path string, r Run) (*Dir, error) {
	names, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("run directory %s is not empty: give a new one", path)
	}
	if err := os.MkdirAll(filepath.Join(path, findingsName), 0o755); err != nil {
		return nil, err
	}
	d := &Dir{path: path}
	return d, d.SetRun(r)
}

// Reopen returns a directory that is there, to write more into it. New findings are
// numbered on.
func Reopen(path string) (*Dir, error) {
	names, err := findingNames(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{path: path}
	for _, name := range names {
		d.findings = max(d.findings, findingNumber(name))
	}
	return d, nil
}

// Path returns where the directory is.
func (d *Dir) Path() string { return d.path }

// SetRun writes run.json again.
func (d *Dir) SetRun(r Run) error { return journal.WriteJSON(filepath.Join(d.path, RunFile), r) }

// AddCell adds a cell to cells.jsonl.
func (d *Dir) AddCell(c Cell) error {
	f, err := os.OpenFile(filepath.Join(d.path, CellsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(c), f.Close())
}

// SetCells writes cells.jsonl again, with these cells. The file is either the old or
// the new one, whatever cuts the run.
func (d *Dir) SetCells(cells []Cell) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	for i := range cells {
		if err := e.Encode(&cells[i]); err != nil {
			return err
		}
	}
	return journal.WriteFile(filepath.Join(d.path, CellsFile), text.Bytes())
}

// AddFinding writes a finding and returns its directory, which is there as a whole or
// not at all. The command of f, if it has none, becomes the one that replays that
// directory.
func (d *Dir) AddFinding(f Finding) (dir string, err error) {
	d.findings++
	dir = filepath.Join(d.path, findingsName, fmt.Sprintf("%03d-%s", d.findings, f.Rule))
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), ".tmp-")
	if err != nil {
		return "", err
	}
	f.Command = cmp.Or(f.Command, "lsmlab crash replay "+dir)
	err = errors.Join(
		os.Chmod(unfinished, 0o755),
		writeJSON(filepath.Join(unfinished, "finding.json"), f),
		writeJSON(filepath.Join(unfinished, "trail.json"), f.Choices),
		os.WriteFile(filepath.Join(unfinished, "program.txt"), []byte(f.Program), 0o644),
	)
	if f.History != nil {
		err = errors.Join(err, writeTo(filepath.Join(unfinished, "history.jsonl"), f.History.Encode))
	}
	if f.State != nil {
		err = errors.Join(err, f.State(filepath.Join(unfinished, "state")))
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(unfinished))
	}
	return dir, os.Rename(unfinished, dir)
}

func writeJSON(name string, v any) error {
	return writeTo(name, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

func writeTo(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush(), f.Close())
}

// ReadRun returns what run.json says; there is false if it is missing.
func ReadRun(path string) (r Run, there bool, err error) {
	err = readJSON(filepath.Join(path, RunFile), &r)
	if errors.Is(err, os.ErrNotExist) {
		return r, false, nil
	}
	return r, err == nil, err
}

// Read returns what a run directory holds. Findings come in the order in which
// they were found.
func Read(path string) (r Run, cells []Cell, findings []Finding, err error) {
	if err = readJSON(filepath.Join(path, RunFile), &r); err != nil {
		return r, nil, nil, fmt.Errorf("%s is no run directory: %w", path, err)
	}
	if cells, err = readCells(filepath.Join(path, CellsFile)); err != nil {
		return r, nil, nil, err
	}
	names, err := findingNames(path)
	if err != nil {
		return r, nil, nil, err
	}
	for _, name := range names {
		f, err := ReadFinding(filepath.Join(path, findingsName, name))
		if err != nil {
			return r, nil, nil, err
		}
		findings = append(findings, f)
	}
	return r, cells, findings, nil
}

// findingNames returns the names of the directories of a run's findings, sorted by the
// numbers that they begin with.
func findingNames(path string) (names []string, err error) {
	files, err := filepath.Glob(filepath.Join(path, findingsName, "[^.]*", "finding.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(findingNumber(a), findingNumber(b)), strings.Compare(a, b))
	})
	return names, nil
}

// findingNumber returns the number that a name begins with, 0 if there is none.
func findingNumber(name string) int {
	number, _, _ := strings.Cut(name, "-")
	n, _ := strconv.Atoi(number) // 0 of what is no number
	return n
}

func readCells(name string) (cells []Cell, err error) {
	data, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // cut before its first cell
		return nil, err
	}
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if line == "" {
			continue
		}
		var c Cell
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, i+1, err)
		}
		cells = append(cells, c)
	}
	return cells, nil
}

// ReadFinding reads the directory of one finding. Its State copies the files
// that the directory has.
func ReadFinding(dir string) (f Finding, err error) {
	if err = readJSON(filepath.Join(dir, "finding.json"), &f); err != nil {
		return f, fmt.Errorf("%s is no finding: %w", dir, err)
	}
	if err = readJSON(filepath.Join(dir, "trail.json"), &f.Choices); err != nil {
		return f, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "program.txt"))
	if err != nil {
		return f, err
	}
	f.Program = string(text)
	if h, err := os.Open(filepath.Join(dir, "history.jsonl")); err == nil {
		defer func() { _ = h.Close() }() // only read from
		if f.History, err = oracle.DecodeHistory(h); err != nil {
			return f, err
		}
	}
	state := filepath.Join(dir, "state")
	if _, err := os.Stat(state); err == nil {
		f.State = func(to string) error { return os.CopyFS(to, os.DirFS(state)) }
	}
	return f, nil
}

func readJSON(name string, v any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
