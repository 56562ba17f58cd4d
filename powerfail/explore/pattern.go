package explore

import (
	"regexp"
	"strings"
)

// patterns bounds how many roles [Patterns] makes.
const patterns = 10

var numbers = regexp.MustCompile(`[0-9]+`)

// Patterns returns a function that says what a file of an unknown program is for: its
// path with N for each number in it, so that log-1 and log-2 are one. When there are
// ten of them, all others are "other". It is used by one goroutine at a time.
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
