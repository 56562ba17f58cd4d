package resp

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Limits of the scans that can be continued: their number, and the bytes of their keys.
// Beyond them, the oldest is forgotten.
const (
	maxCursors     = 10_000
	maxCursorBytes = 4 << 20
)

// cursors maps the numbers that SCAN returns to the keys at which it continues, because
// a number cannot contain a key.
type cursors struct {
	mu          sync.Mutex
	first, last uint64 // the range of numbers that are known
	bytes       int
	keys        map[uint64][]byte
}

// put returns a number for key. The table keeps key.
func (c *cursors) put(key []byte) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys, c.first = map[uint64][]byte{}, 1
	}
	c.last++
	c.keys[c.last] = key
	c.bytes += len(key)
	for len(c.keys) > maxCursors || c.bytes > maxCursorBytes {
		c.bytes -= len(c.keys[c.first])
		delete(c.keys, c.first)
		c.first++
	}
	return c.last
}

// get returns the key of a number. The number stays valid, because a client may ask
// again.
func (c *cursors) get(number uint64) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, ok := c.keys[number]
	return key, ok
}

// scanOptions are the words after the cursor.
type scanOptions struct {
	pattern []byte
	count   int  // how many entries to examine
	none    bool // the scan asks for a type that is not stored
}

func parseScan(args [][]byte) (o scanOptions, err error) {
	o = scanOptions{pattern: []byte("*"), count: 10}
	for pair := range slices.Chunk(args, 2) {
		if len(pair) < 2 {
			return o, fmt.Errorf("%q has no value", pair[0])
		}
		switch strings.ToUpper(string(pair[0])) {
		case "MATCH":
			if o.pattern = pair[1]; len(o.pattern) > longestPattern {
				return o, fmt.Errorf("MATCH has %d bytes: want at most %d", len(o.pattern), longestPattern)
			}
		case "COUNT":
			if o.count, err = strconv.Atoi(string(pair[1])); err != nil || o.count < 1 {
				return o, fmt.Errorf("COUNT is %q: want a number from 1 on", pair[1])
			}
		case "TYPE":
			o.none = !strings.EqualFold(string(pair[1]), "string")
		default:
			return o, fmt.Errorf("option %.100q: want MATCH, COUNT or TYPE", pair[0])
		}
	}
	return o, nil
}

// foundOverhead is how many bytes a key that was found takes beside its own. Without
// it, a scan over keys of one byte would keep forty times what it counts.
const foundOverhead = 40

// errFull ends a scan that has found enough.
var errFull = errors.New("full")

// dbsize counts the keys by a scan over all of them, because engines do not know their
// number.
func (s *session) dbsize([][]byte) {
	n := int64(0)
	err := s.server.Store.Scan(s.ctx, nil, nil, math.MaxInt, func([]byte, []byte) error {
		n++
		return nil
	})
	if err != nil {
		s.fail(err)
		return
	}
	s.out.number(n)
}

func (s *session) scan(args [][]byte) {
	o, err := parseScan(args[1:])
	if err != nil {
		s.out.fail("ERR SCAN: " + err.Error())
		return
	}
	number, err := strconv.ParseUint(string(args[0]), 10, 64)
	lower, known := s.server.cursors.get(number)
	if err != nil || number != 0 && !known {
		s.out.fail("ERR invalid cursor: start again with 0")
		return
	}
	count := min(o.count, s.server.Store.Settings().Limits.ScanEntries)
	var found [][]byte
	var next []byte
	size := 0 // bytes of the keys found: the answer may have fewer than COUNT keys
	err = s.server.Store.Scan(s.ctx, lower, nil, count+1, func(key, _ []byte) error {
		if count--; count < 0 || size > keptMemory {
			next = append([]byte{}, key...)
			return errFull
		} else if !o.none && matches(o.pattern, key) {
			found = append(found, append([]byte{}, key...))
			size += len(key) + foundOverhead
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFull) {
		s.fail(err)
		return
	}
	number = 0
	if next != nil {
		number = s.server.cursors.put(next)
	}
	s.out.array(2)
	s.out.bulk([]byte(strconv.FormatUint(number, 10)))
	s.out.array(len(found))
	for _, key := range found {
		s.out.bulk(key)
	}
}
