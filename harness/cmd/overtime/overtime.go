// Package overtime is what the commands do with runs that exist: compare them, draw them
// over commits or dates, and say where they change.
package overtime

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lsmlab/harness"
	"lsmlab/harness/history"
	"lsmlab/harness/human"
	"lsmlab/reports"
)

// Drawing is what `lsmlab history` is asked for.
type Drawing struct {
	By             string // order of the runs: "commit", "date", or empty for the better one
	Out            string // directory of the page; empty is a new one below results
	Stdout, Stderr io.Writer
}

// Draw writes the history of the runs in directories and its page, and prints the changes
// and where the page is.
func (d Drawing) Draw(dirs []string) error {
	h, err := read(dirs, d.By, d.Stderr)
	if err != nil {
		return &harness.UsageError{Text: err.Error(), Err: err}
	}
	h.Command = d.command(dirs)
	out := cmp.Or(d.Out, filepath.Join("results", "history-"+time.Now().Format("20060102-150405")))
	if _, err := os.Stat(filepath.Join(out, "plan.json")); err == nil {
		return &harness.UsageError{Text: fmt.Sprintf("--out %s: holds a run, whose page would be replaced: name another directory", out)}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := h.Write(out); err != nil {
		return err
	}
	index, err := reports.Render(out, reports.Options{})
	if err != nil {
		return err
	}
	if err := h.Print(d.Stdout); err != nil {
		return err
	}
	_, err = fmt.Fprintln(d.Stdout, index)
	return err
}

// command returns the line that makes the history again.
func (d Drawing) command(dirs []string) string {
	words := []string{"lsmlab history"}
	for _, dir := range dirs {
		words = append(words, human.ShellWord(dir))
	}
	if d.By != "" {
		words = append(words, "--by="+d.By)
	}
	return strings.Join(words, " ")
}

// read reads a history and prints what was left out of its runs.
func read(dirs []string, by string, stderr io.Writer) (history.History, error) {
	h, warnings, err := history.Dirs(dirs, by)
	for _, w := range warnings {
		fmt.Fprintf(stderr, "warning: %s\n", w)
	}
	return h, err
}
