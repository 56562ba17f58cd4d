package human

import "strings"

// Lines writes words as a list, in lines that fit a screen.
func Lines(words []string) string {
	const width = 100
	var b strings.Builder
	at := 0
	for i, w := range words {
		switch {
		case i > 0 && at+len(w) > width:
			b.WriteString(",\n")
			at = 0
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(w)
		at += len(w) + 2
	}
	return b.String()
}
