package resp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// setOptions are the words that follow SET key value.
type setOptions struct{ ifMissing, ifPresent, old bool }

func parseSet(words [][]byte) (o setOptions, err error) {
	for _, w := range words {
		switch word := strings.ToUpper(string(w)); word {
		case "NX":
			o.ifMissing = true
		case "XX":
			o.ifPresent = true
		case "GET":
			o.old = true
		case "KEEPTTL": // there is no time to live that SET could remove
		case "EX", "PX", "EXAT", "PXAT":
			return o, replyError("ERR SET: option " + word + " is not supported: keys do not expire here")
		default:
			return o, replyError(fmt.Sprintf("ERR syntax error: SET option %.100q is not supported, but NX, XX, GET, KEEPTTL", w))
		}
	}
	if o.ifMissing && o.ifPresent {
		return o, replyError("ERR syntax error: SET has both NX and XX")
	}
	return o, nil
}

func (s *session) set(args [][]byte) {
	o, err := parseSet(args[2:])
	if err != nil {
		s.fail(err)
		return
	}
	if o == (setOptions{}) {
		if s.apply(func() { s.put(args[0], args[1]) }) {
			s.out.simple("OK")
		}
		return
	}
	old, found, written, ok := s.setIf(args[0], args[1], o)
	switch {
	case !ok:
	case o.old:
		s.valueOr(old, found)
	case written:
		s.out.simple("OK")
	default:
		s.out.null()
	}
}

// setIf sets key if the options allow it. It returns what was stored before.
func (s *session) setIf(key, value []byte, o setOptions) (old []byte, found, written, ok bool) {
	ok = s.update([][]byte{key}, func() (err error) {
		if old, found, err = s.read(key); err != nil || found && o.ifMissing || !found && o.ifPresent {
			return err
		}
		written = true
		s.put(key, value)
		return nil
	})
	return old, found, written, ok
}

func (s *session) setnx(args [][]byte) {
	if _, _, written, ok := s.setIf(args[0], args[1], setOptions{ifMissing: true}); ok {
		s.yes(written)
	}
}

func (s *session) yes(b bool) { s.out.number(map[bool]int64{true: 1, false: 0}[b]) }

func (s *session) getset(args [][]byte) {
	if old, found, _, ok := s.setIf(args[0], args[1], setOptions{}); ok {
		s.valueOr(old, found)
	}
}

func (s *session) getdel(args [][]byte) {
	var old []byte
	var found bool
	ok := s.update(args, func() (err error) {
		if old, found, err = s.read(args[0]); found {
			s.remove(args[0])
		}
		return err
	})
	if ok {
		s.valueOr(old, found)
	}
}

func (s *session) putAll(pairs [][]byte) {
	for i := 0; i < len(pairs); i += 2 {
		s.put(pairs[i], pairs[i+1])
	}
}

func (s *session) mset(args [][]byte) {
	if s.apply(func() { s.putAll(args) }) {
		s.out.simple("OK")
	}
}

// msetnx sets all keys, or none if one of them has a value.
func (s *session) msetnx(args [][]byte) {
	written := false
	keys := keyPairs.of(args)
	ok := s.update(keys, func() error {
		n, err := s.present(keys)
		if err == nil && n == 0 {
			written = true
			s.putAll(args)
		}
		return err
	})
	if ok {
		s.yes(written)
	}
}

// appendCopies is how many copies of a value exist at a time: the one read, the longer
// one, and the one in a batch.
const appendCopies = 3

func (s *session) appendTo(args [][]byte) {
	size := 0
	ok := s.update(args[:1], func() error {
		value, _, err := s.read(args[0])
		if err != nil {
			return err
		}
		size = len(value) + len(args[1])
		if err := s.valueHold.Grow(s.ctx, appendCopies*int64(size)); err != nil {
			return err
		}
		longer := append(append(make([]byte, 0, size), value...), args[1]...)
		s.put(args[0], longer)
		return nil
	})
	if ok {
		s.out.number(int64(size))
	}
}

// by does INCR, DECR, INCRBY and DECRBY.
func by(sign int64) func(s *session, args [][]byte) {
	return func(s *session, args [][]byte) {
		step := int64(1)
		if len(args) == 2 {
			var err error
			if step, err = strconv.ParseInt(string(args[1]), 10, 64); err != nil || step == math.MinInt64 {
				s.out.fail("ERR value is not an integer or out of range")
				return
			}
		}
		var sum int64
		ok := s.update(args[:1], func() error {
			value, found, err := s.read(args[0])
			if err != nil {
				return err
			}
			old := int64(0)
			if found {
				if old, err = strconv.ParseInt(string(value), 10, 64); err != nil {
					return replyError("ERR value is not an integer or out of range")
				}
			}
			change := sign * step
			if sum = old + change; (sum > old) != (change > 0) && change != 0 {
				return replyError("ERR increment or decrement would overflow")
			}
			s.put(args[0], strconv.AppendInt(nil, sum, 10))
			return nil
		})
		if ok {
			s.out.number(sum)
		}
	}
}
