package reports

import (
	"fmt"
	"path/filepath"

	"lsmlab/harness/result"
	"lsmlab/reports/page"
)

// Options change what is drawn; the zero value is the usual report.
type Options struct {
	// Baseline is the engine that others are divided by. Empty: pebble if it is
	// there, else a public skiplist, else the first engine of the plan.
	Baseline string
}

// Render draws a run directory, or a load directory, again from its raw results:
// charts/*.svg and *.png and index.html, whose path it returns. The same results give the same
// bytes. Its errors name the file that is missing or damaged; index.html is then
// what it was before.
func Render(runDir string) (indexPath string, err error) {
	return RenderWith(runDir, Options{})
}

// RenderWith is [Render] with options.
func RenderWith(runDir string, o Options) (indexPath string, err error) {
	dir := filepath.Clean(runDir)
	p, err := layOut(dir, o)
	if err == nil {
		indexPath, err = p.Write(dir)
	}
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return indexPath, nil
}

// layOut reads a directory of either kind and decides what its page has.
func layOut(dir string, o Options) (*page.Page, error) {
	if result.IsLoad(dir) {
		s, err := loadService(dir)
		if err != nil {
			return nil, err
		}
		return s.page()
	}
	r, err := load(dir, o)
	if err != nil {
		return nil, err
	}
	return r.page()
}
