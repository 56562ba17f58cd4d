package human

import "strings"

// ShellWord returns a word as a shell takes it, quoted if it needs that.
func ShellWord(s string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("-_./,:=+@%", r) || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
