package resp

// longestPattern bounds the time of one match, in bytes.
const longestPattern = 1 << 10

// matches says whether all of text is what a pattern of Redis means: * is any
// bytes, ? is one, [a-z] and [^a-z] are one of a set or one that is not, and \ takes
// the next byte as it is.
//
// On a mismatch only the last star takes a byte more: what an earlier one could take
// instead, the last could take too. So the time is at most len(text) x len(pattern);
// a matcher that tries every star again takes a power of it, by as many stars.
func matches(pattern, text []byte) bool {
	star, from := -1, 0 // the pattern behind the last star, and the text that it is tried at
	p, t := 0, 0
	for t < len(text) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, from = p, t
			continue
		}
		if p < len(pattern) {
			if size, ok := matchesOne(pattern[p:], text[t]); ok {
				p += size
				t++
				continue
			}
		}
		if star < 0 {
			return false
		}
		from++
		p, t = star, from
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchesOne says whether what the pattern begins with, of the returned size, means b.
func matchesOne(pattern []byte, b byte) (size int, ok bool) {
	switch {
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		return matchesSet(pattern, b)
	case pattern[0] == '\\' && len(pattern) > 1:
		return 2, pattern[1] == b
	default:
		return 1, pattern[0] == b
	}
}

// matchesSet is matchesOne of a set; one without an end goes on to that of the pattern.
func matchesSet(pattern []byte, b byte) (size int, ok bool) {
	i := 1
	unless := len(pattern) > 1 && pattern[1] == '^'
	if unless {
		i++
	}
	for ; i < len(pattern) && pattern[i] != ']'; i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			ok = ok || pattern[i] == b
		case i+2 < len(pattern) && pattern[i+1] == '-':
			low, high := min(pattern[i], pattern[i+2]), max(pattern[i], pattern[i+2])
			ok = ok || low <= b && b <= high
			i += 2
		default:
			ok = ok || pattern[i] == b
		}
	}
	return min(i+1, len(pattern)), ok != unless
}
