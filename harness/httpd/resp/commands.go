package resp

import (
	"maps"
	"slices"
	"strings"
)

// command answers one command. The number of its arguments was checked before.
type command struct {
	name        string
	least, most int // arguments, without the name; a most of -1 means any number
	keys        keysOf
	flags       flags
	answer      func(s *session, args [][]byte)
}

// keysOf says which arguments are keys: every step-th, from the first to the last. A
// last of -1 is the last argument. The zero value means that no argument is a key.
type keysOf struct{ first, last, step int }

var (
	noKeys   = keysOf{}
	oneKey   = keysOf{1, 1, 1}
	allKeys  = keysOf{1, -1, 1}
	keyPairs = keysOf{1, -1, 2}
)

// of returns the keys among args.
func (k keysOf) of(args [][]byte) (keys [][]byte) {
	if k == noKeys {
		return nil
	}
	last := k.last
	if last < 0 {
		last = len(args)
	}
	for i := k.first - 1; i < last; i += k.step {
		keys = append(keys, args[i])
	}
	return keys
}

type flags int

const (
	writes  flags = 1 << iota
	open          // allowed without AUTH
	now           // done at once, even after MULTI
	outside       // refused after MULTI
)

var commands = map[string]command{}

func init() { // the table refers to itself, by COMMAND
	for _, c := range []command{
		{"GET", 1, 1, oneKey, 0, (*session).get},
		{"STRLEN", 1, 1, oneKey, 0, (*session).strlen},
		{"MGET", 1, -1, allKeys, 0, (*session).mget},
		{"EXISTS", 1, -1, allKeys, 0, (*session).exists},
		{"TYPE", 1, 1, oneKey, 0, (*session).typeOf},
		{"TTL", 1, 1, oneKey, 0, (*session).ttl},
		{"PTTL", 1, 1, oneKey, 0, (*session).ttl},
		{"SCAN", 1, -1, noKeys, outside, (*session).scan},
		{"DBSIZE", 0, 0, noKeys, outside, (*session).dbsize},

		{"SET", 2, -1, oneKey, writes, (*session).set},
		{"SETNX", 2, 2, oneKey, writes, (*session).setnx},
		{"GETSET", 2, 2, oneKey, writes, (*session).getset},
		{"GETDEL", 1, 1, oneKey, writes, (*session).getdel},
		{"MSET", 2, -1, keyPairs, writes, (*session).mset},
		{"MSETNX", 2, -1, keyPairs, writes, (*session).msetnx},
		{"APPEND", 2, 2, oneKey, writes, (*session).appendTo},
		{"INCR", 1, 1, oneKey, writes, by(1)},
		{"DECR", 1, 1, oneKey, writes, by(-1)},
		{"INCRBY", 2, 2, oneKey, writes, by(1)},
		{"DECRBY", 2, 2, oneKey, writes, by(-1)},
		{"DEL", 1, -1, allKeys, writes, (*session).del},
		{"UNLINK", 1, -1, allKeys, writes, (*session).del},

		{"MULTI", 0, 0, noKeys, now, (*session).begin},
		{"EXEC", 0, 0, noKeys, now, (*session).exec},
		{"DISCARD", 0, 0, noKeys, now, (*session).discard},
		{"WATCH", 1, -1, allKeys, now, (*session).watch},
		{"UNWATCH", 0, 0, noKeys, 0, (*session).unwatch},

		{"PING", 0, 1, noKeys, 0, (*session).ping},
		{"ECHO", 1, 1, noKeys, 0, (*session).ping},
		{"SELECT", 1, 1, noKeys, 0, (*session).selectDB},
		{"INFO", 0, -1, noKeys, 0, (*session).info},
		{"CONFIG", 1, -1, noKeys, 0, (*session).config},
		{"COMMAND", 0, -1, noKeys, 0, (*session).describe},
		{"CLIENT", 1, -1, noKeys, 0, (*session).client},
		{"HELLO", 0, -1, noKeys, open | outside, (*session).hello},
		{"AUTH", 1, 2, noKeys, open | outside, (*session).auth},
		{"RESET", 0, 0, noKeys, open | now, (*session).reset},
		{"QUIT", 0, -1, noKeys, open | now, (*session).bye},
	} {
		commands[c.name] = c
	}
	names = Commands()
}

// names are the names of all commands, for the error of an unknown one.
var names []string

// Commands returns the names with which [Server.Observe] may be called.
func Commands() []string { return slices.Sorted(maps.Keys(commands)) }

// describe does COMMAND: clients ask for the names, arities and keys of commands.
func (s *session) describe(args [][]byte) {
	which := "" // the whole list
	if len(args) > 0 {
		which = strings.ToUpper(string(args[0]))
	}
	switch which {
	case "":
		s.out.array(len(names))
		for _, name := range names {
			s.describeOne(name)
		}
	case "INFO":
		asked := names
		if len(args) > 1 {
			asked = nil
			for _, name := range args[1:] {
				asked = append(asked, string(name))
			}
		}
		s.out.array(len(asked))
		for _, name := range asked {
			s.describeOne(name)
		}
	case "COUNT":
		s.out.number(int64(len(names)))
	case "LIST":
		s.out.array(len(names))
		for _, name := range names {
			s.out.text(strings.ToLower(name))
		}
	case "DOCS": // there are none
		s.out.dict(0)
	default:
		s.unsupported("COMMAND", args[0], "COUNT, DOCS, INFO, LIST")
	}
}

func (s *session) describeOne(name string) {
	c, known := commands[strings.ToUpper(name)]
	if !known {
		s.out.nothing()
		return
	}
	arity := c.least + 1 // Redis counts the name too
	if c.most != c.least {
		arity = -arity
	}
	words := []string{"readonly"}
	if c.flags&writes != 0 {
		words = []string{"write"}
	}
	s.out.array(6)
	s.out.text(strings.ToLower(c.name))
	s.out.number(int64(arity))
	s.out.array(len(words))
	for _, w := range words {
		s.out.simple(w)
	}
	for _, n := range []int{c.keys.first, c.keys.last, c.keys.step} {
		s.out.number(int64(n))
	}
}
