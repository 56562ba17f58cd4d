package page

import (
	"os"
	"path/filepath"
)

// Present returns those files that exist in a directory.
func Present(dir string, files []Download) (out []Download) {
	for _, d := range files {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(d.Path))); err == nil {
			out = append(out, d)
		}
	}
	return out
}
