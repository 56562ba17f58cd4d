// Package human writes numbers and messages as people read them.
package human

import (
	"fmt"
	"strings"
	"time"
)

// Count returns a number with the thing that it counts: "no rounds", "1 round",
// "3 flushes". The plural of the noun must be the noun with an s, or with es after sh.
func Count(n int, noun string) string {
	plural := noun + "s"
	if strings.HasSuffix(noun, "sh") {
		plural = noun + "es"
	}
	switch n {
	case 0:
		return "no " + plural
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %s", n, plural)
}

// OneLine returns s with a single space for every run of white space.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Thousands puts a comma before every three digits of a whole number.
func Thousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Bytes returns a size in the largest binary unit that it fills.
func Bytes(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

// Nanoseconds returns a time with three digits, in ASCII.
func Nanoseconds(ns int64) string {
	switch d := time.Duration(ns); {
	case d < time.Microsecond:
		return fmt.Sprintf("%dns", ns)
	case d < time.Millisecond:
		return fmt.Sprintf("%.3gus", float64(ns)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(ns)/1e6)
	default:
		return fmt.Sprintf("%.3gs", d.Seconds())
	}
}

// UpperFirst returns s with its first letter, which must be ASCII, in upper case.
func UpperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// LowerFirst returns s with its first letter, which must be ASCII, in lower case.
func LowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
