package explore

import (
	"regexp"
	"strings"
)

// patterns bounds how many roles [Patterns] makes.
const patterns = 10

var numbers = regexp.MustCompile(`[0-9]+`)

// Patterns returns a function that gives the files of an unknown program roles. The role of a
// file is its path with N in place of each number, so that log-1 and log-2 have the same
// role. There are at most ten roles; the role of all further files is "other". One
// goroutine at a time may use the function.
func Patterns() func(name string) string {
	met := map[string]bool{}
	return func(name string) string {
		role := strings.ReplaceAll(numbers.ReplaceAllString(name, "N"), " ", "_")
		if !met[role] && len(met) >= patterns {
			return "other"
		}
		met[role] = true
		return role
	}
}
