package page

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"

	"lsmlab/harness/journal"
	"lsmlab/reports/chart"
)

var (
	//go:embed page.html
	pageTemplate string
	//go:embed style.css
	pageStyle string
	//go:embed script.js
	pageScript string
)

// chartDir is the folder of charts beside the page.
const chartDir = "charts"

// Write draws the page's figures into dir/charts, as SVG and PNG, and then writes
// dir/index.html, whose path it returns. It removes charts of an earlier page that are
// no longer drawn. After an error, index.html is unchanged.
func (p *Page) Write(dir string) (indexPath string, err error) {
	if err := os.MkdirAll(filepath.Join(dir, chartDir), 0o755); err != nil {
		return "", err
	}
	w := writer{dir: filepath.Join(dir, chartDir), files: map[string]bool{}}
	html, err := p.render(&w)
	if err != nil {
		return "", err
	}
	if err := w.removeStale(); err != nil {
		return "", err
	}
	indexPath = filepath.Join(dir, "index.html")
	return indexPath, journal.WriteFile(indexPath, html)
}

// render makes the page. While doing so, it writes the files of every figure.
func (p *Page) render(w *writer) ([]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{
		"draw":   w.draw,
		"style":  func() template.CSS { return template.CSS(pageStyle) },
		"script": func() template.JS { return template.JS(pageScript) },
	}).Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("index.html: %w", err)
	}
	return []byte(strings.TrimSpace(b.String()) + "\n"), nil
}

// writer writes the files of figures.
type writer struct {
	dir   string
	files map[string]bool // written
}

// draw writes the files of a figure and returns it for the page.
func (w *writer) draw(f chart.Figure) (drawn, error) {
	svg, err := f.SVG()
	if err != nil {
		return drawn{}, err
	}
	png, err := f.PNG()
	if err != nil {
		return drawn{}, err
	}
	for suffix, content := range map[string][]byte{".svg": svg, ".png": png} {
		name := f.Name + suffix
		if w.files[name] {
			return drawn{}, fmt.Errorf("two charts are called %s", name)
		}
		w.files[name] = true
		if err := os.WriteFile(filepath.Join(w.dir, name), content, 0o644); err != nil {
			return drawn{}, err
		}
	}
	return drawn{
		Figure:  f,
		SVG:     template.HTML(svg[bytes.Index(svg, []byte("<svg")):]), // without the XML header, which HTML does not allow
		SVGPath: chartDir + "/" + f.Name + ".svg",
		PNGPath: chartDir + "/" + f.Name + ".png",
	}, nil
}

// removeStale removes charts of an earlier page.
func (w *writer) removeStale() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		name := e.Name()
		if !w.files[name] && (strings.HasSuffix(name, ".svg") || strings.HasSuffix(name, ".png")) {
			errs = append(errs, os.Remove(filepath.Join(w.dir, name)))
		}
	}
	return errors.Join(errs...)
}
