package resp

import (
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"lsmlab/harness/httpd/service"
)

// queue is the commands between MULTI and EXEC.
type queue struct {
	commands []queued
	bytes    int64
	refused  bool // one of them was refused, so EXEC does none
}

type queued struct {
	command
	args [][]byte // a copy
}

// transaction is what a running EXEC has written so far, by key. It is nil while none
// runs.
type transaction map[string]write

// write is the new value of a key, or says that the key is removed.
type write struct {
	value   []byte
	deleted bool
}

func (t transaction) note(key []byte, w write) {
	if t != nil {
		t[string(key)] = w
	}
}

// watched is a key with a hash of its value; 0 says that it had none.
type watched struct {
	key  []byte
	hash uint64
}

const (
	maxWatched  = 1000
	maxQueued   = 100_000
	queuedBytes = 256 // bytes of a queued command, beside its arguments
)

var watchSeed = maphash.MakeSeed()

func (s *session) begin([][]byte) {
	if s.queue != nil {
		s.out.fail("ERR MULTI calls can not be nested")
		return
	}
	s.queue = &queue{}
	s.out.simple("OK")
}

// drop forgets the queue and the watched keys.
func (s *session) drop() {
	s.queue, s.watched = nil, nil
	s.queueHold.Release()
}

func (s *session) discard([][]byte) {
	if s.queue == nil {
		s.out.fail("ERR DISCARD without MULTI")
		return
	}
	s.drop()
	s.out.simple("OK")
}

// enqueue keeps a command for EXEC, within the limit of a body.
func (s *session) enqueue(c command, args [][]byte) {
	q := s.queue
	n := int64(queuedBytes)
	for _, a := range args {
		n += int64(len(a)) + queuedBytes/8
	}
	var err error
	if limit := s.server.Store.Settings().Limits.BodyBytes; q.bytes+n > limit || len(q.commands) == maxQueued {
		err = replyError(fmt.Sprintf("ERR MULTI: the commands are over the limit of %d bytes or %d commands", limit, maxQueued))
	} else {
		err = s.queueHold.Grow(s.ctx, 2*(q.bytes+n)) // once for the queue, once for the batch
	}
	if err != nil {
		q.refused = true
		s.fail(err)
		return
	}
	q.bytes += n
	kept := make([][]byte, len(args))
	for i, a := range args {
		kept[i] = append([]byte{}, a...)
	}
	q.commands = append(q.commands, queued{c, kept})
	s.out.simple("QUEUED")
}

// exec does the queued commands in order. Each command reads what those before it
// wrote. All their writes are applied as one batch, which is atomic, also across a
// crash. No client of this server changes one of their keys meanwhile. The answers are
// sent once the batch is acknowledged.
//
// A command that cannot be done, such as INCR of a word, writes nothing and does not
// stop the others, as in Redis. The transaction ends without effect if the server fails
// to do a command, because a read failed or found no memory: the client asked for all
// of it. It also ends if it takes longer than longestExec, because all clients that
// write its keys wait.
func (s *session) exec([][]byte) {
	q := s.queue
	switch {
	case q == nil:
		s.out.fail("ERR EXEC without MULTI")
		return
	case q.refused:
		s.drop()
		s.out.fail("EXECABORT Transaction discarded because of previous errors.")
		return
	}
	defer s.drop()
	var keys [][]byte
	for _, c := range q.commands {
		keys = append(keys, c.keys.of(c.args)...)
	}
	for _, w := range s.watched {
		keys = append(keys, w.key)
	}
	before := s.out.mark()
	s.out.keep = s.keepAnswers
	s.batch.Reset()
	_, err := s.server.Store.Update(s.ctx, keys, &s.batch, s.server.Store.Settings().Durability, func() error { return s.run(q) })
	s.running, s.out.keep = nil, nil
	if err == nil {
		return
	}
	s.out.back(before)
	s.out.err = nil
	if errors.Is(err, errChanged) {
		s.out.nothing()
		return
	}
	s.fail(err)
}

// longestExec is how long the commands of a transaction may take.
const longestExec = 10 * time.Second

var errLongExec = service.BadRequestf("the commands of the transaction take longer than %v", longestExec)

// errChanged says that a watched key has another value.
const errChanged = replyError("ERR a watched key has changed")

func (s *session) run(q *queue) error {
	for _, w := range s.watched {
		hash, err := s.fingerprint(w.key)
		if err != nil {
			return err
		}
		if hash != w.hash {
			return errChanged
		}
	}
	s.running = transaction{}
	s.out.array(len(q.commands))
	begin := time.Now()
	for _, c := range q.commands {
		if time.Since(begin) > longestExec {
			return errLongExec
		}
		s.answer(c.command, c.args)
		if s.out.err != nil {
			return s.out.err
		}
	}
	return nil
}

// room says whether a running transaction may write the given number of bytes more. If
// not, the transaction ends. The size of a queued command does not tell this: APPEND
// writes the whole value again.
func (s *session) room(bytes int) bool {
	if s.running == nil {
		return true
	}
	if s.out.err == nil {
		s.out.err = s.keepWrites(int64(len(s.batch.Bytes()) + bytes))
	}
	return s.out.err == nil
}

// keepWrites says whether a transaction may have a batch of the given size.
func (s *session) keepWrites(bytes int64) error {
	if limit := s.server.Store.Settings().Limits.BodyBytes; bytes > limit {
		return service.BadRequestf("the writes of the transaction are over the limit of %d bytes", limit)
	}
	return s.queueHold.Grow(s.ctx, s.queue.bytes+2*bytes) // the batch, and what later commands read of it
}

// keepAnswers says whether a transaction may have the given number of bytes of answers.
func (s *session) keepAnswers(bytes int) error {
	if int64(bytes) > s.server.Store.Settings().Limits.BodyBytes {
		return service.BadRequestf("%v", errAnswers)
	}
	return s.outHold.Grow(s.ctx, 2*int64(bytes)) // the buffer doubles when it grows
}

// watch records the current values of keys. A later EXEC does nothing if one of them
// has another value then. A value that was changed and changed back counts as the same.
func (s *session) watch(args [][]byte) {
	if s.queue != nil {
		s.out.fail("ERR WATCH inside MULTI is not allowed")
		return
	}
	if len(s.watched)+len(args) > maxWatched {
		s.out.fail(fmt.Sprintf("ERR WATCH of more than %d keys", maxWatched))
		return
	}
	for _, key := range args {
		hash, err := s.fingerprint(key)
		if err != nil {
			s.fail(err)
			return
		}
		s.watched = append(s.watched, watched{append([]byte{}, key...), hash})
	}
	s.out.simple("OK")
}

func (s *session) unwatch([][]byte) {
	s.watched = nil
	s.out.simple("OK")
}

func (s *session) fingerprint(key []byte) (uint64, error) {
	value, found, err := s.read(key)
	if err != nil || !found {
		return 0, err
	}
	return maphash.Bytes(watchSeed, value) | 1, nil
}
