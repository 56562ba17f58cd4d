package isolation

import "strings"

// lineScanner parses lines of the text format as programs write them: JSON without
// escapes, floating-point numbers and repeated fields. It takes a tenth of the time of a parser for
// all of JSON. What it does not recognise it leaves to that parser, [parseLine], which
// also says what is wrong; on what it does recognise the two agree.
type lineScanner struct {
	text []byte
	at   int
	keys map[string]string // so that each key is one string

	ops    []Op    // of all lines since reset; transactions have parts of it
	values []int64 // of all lists since reset
}

// maxInterned bounds the keys that a scanner remembers.
const maxInterned = 1 << 16

// reset forgets the transactions scanned before, and gives their memory to the next.
func (s *lineScanner) reset() {
	s.ops, s.values = s.ops[:0], s.values[:0]
	if len(s.keys) > maxInterned {
		clear(s.keys)
	}
}

// fields of a line, as bits.
const (
	fieldProcess = 1 << iota
	fieldOutcome
	fieldBegin
	fieldEnd
	fieldOps
	fieldReadLSN
	fieldCommitLSN
)

// line parses a line without its end.
func (s *lineScanner) line(text []byte) (t Txn, ok bool) {
	s.text, s.at = text, 0
	if !s.token('{') {
		return t, false
	}
	for seen := 0; ; {
		field, ok := s.field(&t)
		if !ok || seen&field != 0 {
			return t, false
		}
		seen |= field
		if s.token(',') {
			continue
		}
		known := seen&fieldReadLSN != 0
		t.LSNs.Known = known
		return t, (known || t.LSNs.Commit == 0) && s.token('}') && s.end()
	}
}

// field parses a field of a line with its value.
func (s *lineScanner) field(t *Txn) (field int, ok bool) {
	name, ok := s.str()
	if !ok || !s.token(':') {
		return 0, false
	}
	switch string(name) {
	case "process":
		var process int64
		process, ok = s.integer()
		t.Process = int(process)
		return fieldProcess, ok
	case "begin":
		t.Begin, ok = s.integer()
		return fieldBegin, ok
	case "end":
		t.End, ok = s.integer()
		return fieldEnd, ok
	case "outcome":
		outcome, ok := s.str()
		if !ok {
			return 0, false
		}
		t.Outcome, ok = parseOutcome(string(outcome))
		return fieldOutcome, ok
	case "ops":
		t.Ops, ok = s.operations()
		return fieldOps, ok
	case "read_lsn":
		t.LSNs.Read, ok = s.lsn()
		return fieldReadLSN, ok
	case "commit_lsn":
		t.LSNs.Commit, ok = s.lsn()
		return fieldCommitLSN, ok
	}
	return 0, false
}

// lsn parses a whole number that is not negative.
func (s *lineScanner) lsn() (uint64, bool) {
	v, ok := s.integer()
	return uint64(v), ok && v >= 0
}

// operations parses the value of "ops".
func (s *lineScanner) operations() (ops []Op, ok bool) {
	if !s.token('[') {
		return nil, false
	}
	first := len(s.ops)
	if s.token(']') {
		return nil, true
	}
	for {
		o, ok := s.operation()
		if !ok {
			return nil, false
		}
		s.ops = append(s.ops, o)
		if s.token(',') {
			continue
		}
		return s.ops[first:len(s.ops):len(s.ops)], s.token(']')
	}
}

// operation parses one operation, [KIND, KEY, VALUE] or [KIND, KEY, VALUE, "range"].
func (s *lineScanner) operation() (o Op, ok bool) {
	if !s.token('[') {
		return o, false
	}
	kind, ok := s.str()
	if !ok || !s.token(',') {
		return o, false
	}
	if o.Key, ok = s.key(); !ok || !s.token(',') {
		return o, false
	}
	switch string(kind) {
	case "append":
		o.Kind = Append
		o.Value, ok = s.integer()
	case "w":
		o.Kind = Write
		o.Value, ok = s.integer()
	case "r":
		ok = s.read(&o)
	default:
		return o, false
	}
	return o, ok && s.token(']')
}

// read parses what a read returned, and whether it is part of a range read.
func (s *lineScanner) read(o *Op) (ok bool) {
	o.Kind = ReadValue
	switch {
	case s.token('['):
		o.Kind = ReadList
		o.List, ok = s.list()
	case s.word("null"):
		o.Absent, ok = true, true
	default:
		o.Value, ok = s.integer()
	}
	if ok && s.token(',') {
		var last []byte
		last, ok = s.str()
		o.Range = true
		return ok && string(last) == "range"
	}
	return ok
}

// list parses a list behind its bracket.
func (s *lineScanner) list() (list []int64, ok bool) {
	first := len(s.values)
	if s.token(']') {
		return []int64{}, true
	}
	for {
		v, ok := s.integer()
		if !ok {
			return nil, false
		}
		s.values = append(s.values, v)
		if s.token(',') {
			continue
		}
		return s.values[first:len(s.values):len(s.values)], s.token(']')
	}
}

// key parses a string or a whole number, which is kept as it is written.
func (s *lineScanner) key() (string, bool) {
	text, ok := s.str()
	if !ok {
		s.space()
		first := s.at
		if _, ok := s.integer(); !ok {
			return "", false
		}
		text = s.text[first:s.at]
	}
	if key, ok := s.keys[string(text)]; ok {
		return key, true
	}
	if s.keys == nil {
		s.keys = map[string]string{}
	}
	key := strings.Clone(string(text))
	s.keys[key] = key
	return key, true
}

// str parses a string of printable ASCII without escapes. If there is none it stays.
func (s *lineScanner) str() (text []byte, ok bool) {
	if !s.token('"') {
		return nil, false
	}
	for i, c := range s.text[s.at:] {
		switch {
		case c == '"':
			text = s.text[s.at : s.at+i]
			s.at += i + 1
			return text, true
		case c < ' ' || c >= 0x7f || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

// integer parses a whole number of up to 18 digits.
func (s *lineScanner) integer() (v int64, ok bool) {
	s.space()
	text, at := s.text, s.at
	minus := at < len(text) && text[at] == '-'
	if minus {
		at++
	}
	first := at
	for at < len(text) && text[at] >= '0' && text[at] <= '9' && at-first < 19 {
		v = v*10 + int64(text[at]-'0')
		at++
	}
	digits := at - first
	if digits == 0 || digits > 18 || digits > 1 && text[first] == '0' {
		return 0, false
	}
	if at < len(text) && (text[at] == '.' || text[at] == 'e' || text[at] == 'E') {
		return 0, false
	}
	s.at = at
	if minus {
		v = -v
	}
	return v, true
}

// token passes over a character, if it is the next.
func (s *lineScanner) token(c byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// word passes over a word, if it is the next.
func (s *lineScanner) word(w string) bool {
	s.space()
	if len(s.text)-s.at >= len(w) && string(s.text[s.at:s.at+len(w)]) == w {
		s.at += len(w)
		return true
	}
	return false
}

func (s *lineScanner) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\r') {
		s.at++
	}
}

func (s *lineScanner) end() bool {
	s.space()
	return s.at == len(s.text)
}
