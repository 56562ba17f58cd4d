package isolation

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ednReader reads values in EDN (github.com/edn-format/edn), the notation of Clojure, one
// after the other. A value is nil, a bool, an int64, a string, an ednWord (a keyword with
// its colon, a symbol, or a number that is no int64), an []any of a list, vector or set,
// or a map[string]any of a map whose keys are words or strings. A tag before a value is
// passed over.
type ednReader struct {
	r     *bufio.Reader
	line  int // from 1
	depth int
}

// ednWord is a name in EDN: a keyword, a symbol, or a number that is no int64.
type ednWord string

// ednEnd is a bracket that closes something.
type ednEnd byte

// maxDepth bounds how deep values are in each other, so that no input takes the stack.
const maxDepth = 64

// next returns the next value, or io.EOF if there is none.
func (e *ednReader) next() (any, error) {
	v, err := e.value()
	if end, ok := v.(ednEnd); ok && err == nil {
		return nil, fmt.Errorf("%q closes nothing", byte(end))
	}
	return v, err
}

// value returns the next value, or an ednEnd.
func (e *ednReader) value() (any, error) {
	c, err := e.start()
	if err != nil {
		return nil, err
	}
	switch c {
	case '(':
		return e.sequence(')')
	case '[':
		return e.sequence(']')
	case '{':
		return e.mapping()
	case ')', ']', '}':
		return ednEnd(c), nil
	case '"':
		return e.str()
	case '#':
		return e.dispatch()
	case '\\':
		return nil, errors.New("a character: want numbers, strings and keywords")
	}
	word, err := e.word(c)
	if err != nil {
		return nil, err
	}
	switch word {
	case "nil":
		return nil, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	if v, err := strconv.ParseInt(strings.TrimSuffix(word, "N"), 10, 64); err == nil {
		return v, nil
	}
	return ednWord(word), nil
}

// start returns the first character of what comes next: no space and no comment.
func (e *ednReader) start() (byte, error) {
	comment := false
	for {
		c, err := e.r.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c == '\n':
			e.line++
			comment = false
		case c == ';':
			comment = true
		case !comment && !ednSpace(c):
			return c, nil
		}
	}
}

func ednSpace(c byte) bool { return c <= ' ' || c == ',' }

// word returns a word whose first character was read.
func (e *ednReader) word(first byte) (string, error) {
	word := []byte{first}
	for {
		c, err := e.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return string(word), nil
		}
		if err != nil {
			return "", err
		}
		if ednSpace(c) || strings.IndexByte(`()[]{}";`, c) >= 0 {
			return string(word), e.r.UnreadByte()
		}
		if word = append(word, c); len(word) > maxLine {
			return "", fmt.Errorf("a word of more than %d bytes", maxLine)
		}
	}
}

// sequence returns the values up to a closing bracket.
func (e *ednReader) sequence(end ednEnd) (all []any, err error) {
	if e.depth++; e.depth > maxDepth {
		return nil, fmt.Errorf("values in each other, more than %d deep", maxDepth)
	}
	defer func() { e.depth-- }()
	all = []any{}
	for {
		v, err := e.value()
		switch got, isEnd := v.(ednEnd); {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("the end, without the %q of what was opened", byte(end))
		case err != nil:
			return nil, err
		case isEnd && got == end:
			return all, nil
		case isEnd:
			return nil, fmt.Errorf("%q: want %q first", byte(got), byte(end))
		}
		all = append(all, v)
	}
}

func (e *ednReader) mapping() (any, error) {
	all, err := e.sequence('}')
	if err != nil {
		return nil, err
	}
	if len(all)%2 != 0 {
		return nil, errors.New("a map with a key that has no value")
	}
	m := make(map[string]any, len(all)/2)
	for i := 0; i < len(all); i += 2 {
		m[strings.TrimPrefix(ednText(all[i]), ":")] = all[i+1]
	}
	return m, nil
}

// str returns a string whose opening quote was read.
func (e *ednReader) str() (string, error) {
	text := []byte{'"'}
	for escaped := false; ; {
		c, err := e.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return "", errors.New("the end, within a string")
		case err != nil:
			return "", err
		case c == '\n':
			e.line++
		}
		text = append(text, c)
		switch {
		case c == '"' && !escaped:
			// Escapes are those of Go, but for newlines, which EDN allows as they are.
			s, err := strconv.Unquote(strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(string(text)))
			if err != nil {
				return "", fmt.Errorf("string %s: %w", text, err)
			}
			return s, nil
		case len(text) > maxLine:
			return "", fmt.Errorf("a string of more than %d bytes", maxLine)
		}
		escaped = c == '\\' && !escaped
	}
}

// dispatch reads what follows a #: a set, a value to discard, or a tagged value.
func (e *ednReader) dispatch() (any, error) {
	defer func() { e.depth-- }()
	if e.depth++; e.depth > maxDepth {
		return nil, fmt.Errorf("values in each other, more than %d deep", maxDepth)
	}
	c, err := e.start()
	if err != nil {
		return nil, noEOF(err)
	}
	if c == '{' {
		return e.sequence('}')
	}
	if c == '_' {
		if _, err := e.next(); err != nil {
			return nil, noEOF(err)
		}
		return e.value()
	}
	if _, err := e.word(c); err != nil { // the tag
		return nil, err
	}
	v, err := e.next()
	return v, noEOF(err)
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ednText is a value as the name of something: a word or a string as it is, all else
// written.
func ednText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case ednWord:
		return string(v)
	case nil:
		return "nil"
	}
	return fmt.Sprint(v)
}
