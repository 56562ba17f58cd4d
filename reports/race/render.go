package race

import "fmt"

// Render draws a run directory again from its raw results: charts/*.svg and *.png and
// index.html, whose path it returns. The same results give the same bytes. An error
// names the file that is missing or damaged; index.html is then unchanged.
//
// Ratios are relative to the engine baseline. If baseline is empty, this is pebble if
// the run has it, else a public skiplist, else the first engine of the plan.
func Render(dir, baseline string) (indexPath string, err error) {
	r, err := load(dir, baseline)
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	p, err := r.page()
	if err == nil {
		indexPath, err = p.Write(dir)
	}
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return indexPath, nil
}
