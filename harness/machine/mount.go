package machine

import (
	"os"
	"path/filepath"
	"strings"
)

// mount is one line of /proc/self/mountinfo.
type mount struct{ point, fsType, source, options string }

// mountOf returns the mount that holds dir.
func mountOf(dir string) mount {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return mount{}
	}
	path, err := filepath.EvalSymlinks(dir)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return mount{}
	}
	return findMount(string(b), path)
}

// findMount returns the mount with the longest mount point that contains path. Of equal
// ones it returns the last, which covers the others. Format: proc_pid_mountinfo(5).
func findMount(mountinfo, path string) (best mount) {
	for line := range strings.Lines(mountinfo) {
		head, tail, ok := strings.Cut(line, " - ")
		h, t := strings.Fields(head), strings.Fields(tail)
		if !ok || len(h) < 6 || len(t) < 3 {
			continue
		}
		point := unescapeMount(h[4])
		holds := point == "/" || path == point || strings.HasPrefix(path, point+"/")
		if holds && len(point) >= len(best.point) {
			best = mount{point: point, fsType: t[0], source: t[1], options: h[5] + "," + t[2]}
		}
	}
	return best
}

// unescapeMount replaces the octal escapes of space, tab, newline and backslash.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
