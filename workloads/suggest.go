package workloads

import (
	"fmt"
	"strings"
)

// unknownName is the error for a name that is not in known; what says of what.
func unknownName(what, name string, known []string) error {
	hint := ""
	if near := nearest(name, known); near != "" {
		hint = fmt.Sprintf("did you mean %s? ", near)
	}
	return fmt.Errorf("unknown %s %q; %sknown: %s", what, name, hint, strings.Join(known, ", "))
}

// nearest returns the one of known that name is most likely meant to be, or "".
func nearest(name string, known []string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	best, bestDistance := "", len(name)/2+1
	for _, k := range known {
		d := editDistance(name, k)
		if name != "" && (strings.HasPrefix(k, name) || strings.HasPrefix(name, k)) {
			d = min(d, 1)
		}
		if d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// editDistance is Levenshtein's: insertions, deletions and replacements of bytes
// that turn a into b (Wagner, Fischer, JACM 1974).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
