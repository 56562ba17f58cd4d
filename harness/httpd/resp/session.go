package resp

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/service"
)

// session is the state of one connection; its memory is used again by each
// command.
type session struct {
	server  *Server
	out     answers // not sent yet
	ctx     context.Context
	trusted bool // needs no AUTH, or has given it
	quit    bool // to be closed after the answer

	value []byte
	batch kv.Batch
}

// keptMemory is how many bytes for answers, values and batches each a connection
// keeps until its next command.
const keptMemory = 256 << 10

// trim makes s ready for more answers, and gives back what large ones took.
func (s *session) trim() {
	s.out = s.out[:0]
	if max(cap(s.out), cap(s.value), cap(s.batch.Bytes())) > keptMemory {
		s.out, s.value, s.batch = nil, nil, kv.Batch{}
	}
}

// command answers one command, whose arguments are counted already.
type command struct {
	name        string
	least, most int // arguments, the name not among them; most -1: any number
	answer      func(s *session, args [][]byte)
}

var commands = map[string]command{
	"GET":     {"GET", 1, 1, (*session).get},
	"SET":     {"SET", 2, 2, (*session).set},
	"DEL":     {"DEL", 1, -1, (*session).del},
	"EXISTS":  {"EXISTS", 1, -1, (*session).exists},
	"MGET":    {"MGET", 1, -1, (*session).mget},
	"MSET":    {"MSET", 2, -1, (*session).mset},
	"SCAN":    {"SCAN", 1, -1, (*session).scan},
	"PING":    {"PING", 0, 1, (*session).ping},
	"ECHO":    {"ECHO", 1, 1, (*session).ping},
	"INFO":    {"INFO", 0, -1, (*session).info},
	"SELECT":  {"SELECT", 1, 1, (*session).selectDB},
	"CLIENT":  {"CLIENT", 1, -1, func(s *session, _ [][]byte) { s.out.simple("OK") }},
	"COMMAND": {"COMMAND", 0, -1, func(s *session, _ [][]byte) { s.out.array(0) }},
	"CONFIG":  {"CONFIG", 2, -1, (*session).config},
}

// do answers one command.
func (s *session) do(args [][]byte) {
	if len(args) == 0 {
		return
	}
	name := args[0]
	if _, exact := commands[string(name)]; !exact { // most clients write them in capitals
		name = bytes.ToUpper(name)
	}
	args = args[1:]
	switch string(name) {
	case "AUTH":
		s.auth(args)
		return
	case "QUIT":
		s.quit = true
		s.out.simple("OK")
		return
	}
	c, known := commands[string(name)]
	switch {
	case !s.trusted:
		s.out.fail("NOAUTH Authentication required.")
	case !known:
		s.out.fail(fmt.Sprintf("ERR unknown command %.100q: the front knows %s", name, strings.Join(names, " ")))
	case len(args) < c.least || c.most >= 0 && len(args) > c.most:
		s.out.fail(fmt.Sprintf("ERR wrong number of arguments for '%s'; options are not supported", name))
	default:
		if s.server.Observe != nil {
			s.server.Observe(c.name)
		}
		c.answer(s, args)
	}
}

func (s *session) auth(args [][]byte) {
	if len(args) == 0 {
		s.out.fail("ERR wrong number of arguments for 'AUTH'")
		return
	}
	given := args[len(args)-1] // a user name may come before
	if s.server.Token == "" || subtle.ConstantTimeCompare(given, []byte(s.server.Token)) == 1 {
		s.trusted = true
		s.out.simple("OK")
		return
	}
	s.out.fail("WRONGPASS invalid token")
}

func (s *session) ping(args [][]byte) {
	if len(args) == 1 {
		s.out.bulk(args[0])
		return
	}
	s.out.simple("PONG")
}

func (s *session) selectDB(args [][]byte) {
	if string(args[0]) != "0" {
		s.out.fail("ERR there is one database, 0")
		return
	}
	s.out.simple("OK")
}

// config knows no setting; tools that ask take an empty answer.
func (s *session) config([][]byte) { s.out.array(0) }

// fail answers with what err means to a client of Redis.
func (s *session) fail(err error) {
	p := service.Classify(err)
	prefix := "ERR"
	switch {
	case p.Kind == "recovering":
		prefix = "LOADING"
	case p.Kind == "writes-stopped" || p.Kind == "exhausted":
		prefix = "MISCONF"
	case p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable:
		prefix = "BUSY"
	}
	s.out.fail(fmt.Sprintf("%s %s: %s", prefix, p.Kind, p.Detail))
}

// reportProtocol answers bytes that are no commands; a connection that ended
// or fell silent gets no answer.
func (s *session) reportProtocol(err error) {
	if errors.Is(err, errTooLong) || strings.HasPrefix(err.Error(), "Protocol error") {
		s.out.fail("ERR " + err.Error())
	}
}
