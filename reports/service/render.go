// Package service draws the load of a service, from a load directory.
package service

import "fmt"

// Render draws a load directory again from its raw results: charts/*.svg and *.png and
// index.html, whose path it returns. The same results give the same bytes. An error
// names the file that is missing or damaged; index.html is then unchanged.
func Render(dir string) (indexPath string, err error) {
	s, err := load(dir)
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	p, err := s.page()
	if err == nil {
		indexPath, err = p.Write(dir)
	}
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return indexPath, nil
}
