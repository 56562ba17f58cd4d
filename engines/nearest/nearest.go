// Package nearest finds the name that a mistyped one was meant to be. It serves
// engines, workloads, MemTables and everything else that is chosen by name.
package nearest

import (
	"fmt"
	"strings"
)

// Unknown returns the error for a name that is not in known. what says what the names
// are of.
func Unknown(what, name string, known []string) error {
	hint := ";"
	if near := closest(name, known); near != "" {
		hint = fmt.Sprintf(", did you mean %s?", near)
	}
	return fmt.Errorf("unknown %s %q%s known: %s", what, name, hint, strings.Join(known, ", "))
}

// closest returns the name in known that name was most likely meant to be, or "" if none
// is close. Of several it returns the first. A name that is a part of a known one, or
// that begins with one, is close. Otherwise at most half of it may be wrong.
func closest(name string, known []string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	best, least := "", len(name)/2+1
	for _, k := range known {
		d := edits(name, k)
		if len(name) > 2 && (strings.Contains(k, name) || strings.HasPrefix(name, k)) {
			d = min(d, 1)
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// edits returns Levenshtein's distance: the insertions, deletions and replacements of
// bytes that turn a into b (Wagner, Fischer, JACM 1974).
func edits(a, b string) int {
	row := make([]int, len(b)+1) // distances of a[:i] to each b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
