package reports

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"lsmlab/harness/result"
)

// Options change what is drawn; the zero value is the usual report.
type Options struct {
	// Baseline is the engine that others are divided by. Empty: pebble if it is
	// there, else a public skiplist, else the first engine of the plan.
	Baseline string
}

// Render draws a run directory again from its raw results: charts/*.svg and
// *.png and index.html, whose path it returns. The same results give the same
// bytes. Its errors name the file that is missing or damaged; index.html is then
// what it was before.
func Render(runDir string) (indexPath string, err error) {
	return RenderWith(runDir, Options{})
}

// RenderWith is [Render] with options.
func RenderWith(runDir string, o Options) (indexPath string, err error) {
	r, err := load(filepath.Clean(runDir), o)
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	indexPath, err = r.write()
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return indexPath, nil
}

const chartDir = "charts"

// write draws everything, then writes it, the page last.
func (r *run) write() (indexPath string, err error) {
	p, err := r.page()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(r.Dir, chartDir), 0o755); err != nil {
		return "", err
	}
	drawn := map[string]bool{}
	for si := range p.Sections {
		for gi := range p.Sections[si].Groups {
			g := &p.Sections[si].Groups[gi]
			for fi := range g.Figures {
				if err := r.writeChart(&g.Figures[fi], drawn); err != nil {
					return "", err
				}
			}
		}
	}
	if err := r.removeStale(drawn); err != nil {
		return "", err
	}
	html, err := p.render()
	if err != nil {
		return "", err
	}
	indexPath = filepath.Join(r.Dir, "index.html")
	return indexPath, result.WriteFileAtomic(indexPath, html)
}

// writeChart writes a chart's files and keeps its SVG for the page.
func (r *run) writeChart(f *pageFigure, drawn map[string]bool) error {
	svg, err := f.figure.svg()
	if err != nil {
		return err
	}
	png, err := f.figure.png()
	if err != nil {
		return err
	}
	for suffix, content := range map[string][]byte{".svg": svg, ".png": png} {
		name := f.figure.name + suffix
		if drawn[name] {
			return fmt.Errorf("two charts are called %s", name)
		}
		drawn[name] = true
		if err := os.WriteFile(filepath.Join(r.Dir, chartDir, name), content, 0o644); err != nil {
			return err
		}
	}
	f.embed(svg)
	return nil
}

// removeStale removes charts of an earlier rendering that are no longer drawn.
func (r *run) removeStale(drawn map[string]bool) error {
	entries, err := os.ReadDir(filepath.Join(r.Dir, chartDir))
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		name := e.Name()
		if !drawn[name] && (strings.HasSuffix(name, ".svg") || strings.HasSuffix(name, ".png")) {
			errs = append(errs, os.Remove(filepath.Join(r.Dir, chartDir, name)))
		}
	}
	return errors.Join(errs...)
}
