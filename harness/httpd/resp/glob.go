package resp

// longestPattern limits the time of one match, in bytes of the pattern.
const longestPattern = 1 << 10

// matches says whether text matches a pattern of Redis. * matches any bytes, ? matches
// one byte, [a-z] and [^a-z] match one byte that is or is not in the set, and \ makes
// the next byte literal.
//
// On a mismatch, only the last star takes one byte more. An earlier star need not be
// tried again: what it could take instead, the last star could take too. So the time is
// at most len(text) x len(pattern). A matcher that tried every star again would take
// time exponential in the number of stars.
func matches(pattern, text []byte) bool {
	star, from := -1, 0 // the pattern behind the last star, and the place in text at which it is tried
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

// matchesOne says whether the first element of pattern, which is size bytes long,
// matches b.
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

// matchesSet is matchesOne for a set. A set without an end extends to the end of the
// pattern.
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
