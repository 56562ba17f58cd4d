package resp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/service"
)

// session is the state of one connection. Each command reuses its memory.
type session struct {
	server *Server
	out    answers
	ctx    context.Context
	id     int64
	name   string // set by CLIENT SETNAME

	trusted bool // the client needs no AUTH, or has done it
	quit    bool // the connection closes after the answers

	value []byte
	batch kv.Batch

	queue   *queue      // not nil after MULTI
	watched []watched   // keys of WATCH
	running transaction // not nil while EXEC runs its commands

	valueHold, outHold, queueHold service.Hold
}

func (s *Server) newSession(ctx context.Context, id int64, send func([]byte) error) *session {
	return &session{
		server: s, ctx: ctx, id: id, trusted: s.Token == "",
		out:       answers{proto: 2, send: send},
		valueHold: s.Store.HoldAnswer(), outHold: s.Store.HoldAnswer(), queueHold: s.Store.HoldRequest(),
	}
}

// keptMemory is how many bytes a connection keeps until its next command, if that comes
// soon: this much each for commands, answers, values and batches.
const keptMemory = service.SmallSize

// trim releases the memory of large answers.
func (s *session) trim() {
	if cap(s.out.buf) > 2*keptMemory {
		s.out.buf = nil
	}
	if cap(s.value) > keptMemory {
		s.value = nil
	}
	if cap(s.batch.Bytes()) > keptMemory {
		s.batch = kv.Batch{}
	}
	s.valueHold.Release()
	s.outHold.Release()
}

// park releases all memory that a silent client does not need.
func (s *session) park() {
	s.trim()
	s.out.buf, s.value, s.batch = nil, nil, kv.Batch{}
}

// close ends the session.
func (s *session) close() {
	s.park()
	s.drop()
}

// do answers one command.
func (s *session) do(args [][]byte) {
	if len(args) == 0 {
		return
	}
	name := args[0]
	c, known := commands[string(name)]
	if !known { // most clients write names in capitals
		name = bytes.ToUpper(name)
		c, known = commands[string(name)]
	}
	args = args[1:]
	var refused string
	switch {
	case !known && (string(name) == "POST" || string(name) == "HOST:"):
		s.server.notOurs()
		s.quit = true
		return
	case !s.trusted && c.flags&open == 0:
		refused = "NOAUTH Authentication required."
	case !known:
		refused = fmt.Sprintf("ERR unknown command %.100q: the front knows %s", name, strings.Join(names, " "))
	case len(args) < c.least || c.most >= 0 && len(args) > c.most || c.keys.step == 2 && len(args)%2 != 0:
		refused = fmt.Sprintf("ERR wrong number of arguments for '%s' command", strings.ToLower(c.name))
	case s.queue != nil && c.flags&outside != 0:
		refused = fmt.Sprintf("ERR %s is not supported after MULTI", c.name)
	}
	switch {
	case refused != "":
		s.out.fail(refused)
		if s.queue != nil {
			s.queue.refused = true
		}
	case s.queue != nil && c.flags&now == 0:
		s.enqueue(c, args)
	default:
		s.answer(c, args)
	}
}

func (s *session) answer(c command, args [][]byte) {
	if s.server.Observe != nil {
		s.server.Observe(c.name)
	}
	c.answer(s, args)
}

// replyError is an error whose text is the answer.
type replyError string

func (e replyError) Error() string { return string(e) }

// fail answers with the meaning of err for a client of Redis.
func (s *session) fail(err error) {
	var reply replyError
	if errors.As(err, &reply) {
		s.out.fail(string(reply))
		return
	}
	p := service.Classify(err)
	if s.running != nil && p.Status != http.StatusBadRequest && s.out.err == nil {
		s.out.err = err // see exec
	}
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

// unsupported answers a part of a command that this front does not know.
func (s *session) unsupported(command string, part []byte, known string) {
	s.out.fail(fmt.Sprintf("ERR %s %.100q is not supported, but %s", command, part, known))
}

// reportProtocol answers bytes that are not commands. A connection that ended, or whose
// client fell silent, gets no answer.
func (s *session) reportProtocol(err error) {
	switch {
	case errors.Is(err, errTooLong) || strings.HasPrefix(err.Error(), "Protocol error"):
		s.out.fail("ERR " + err.Error())
	case errors.Is(err, service.ErrBusy):
		s.fail(err)
	}
}
