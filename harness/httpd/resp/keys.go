package resp

import (
	"errors"

	"lsmlab/engines/kv"
)

// read returns the value of key, valid until the next read. Within a transaction, it
// returns what the transaction wrote.
func (s *session) read(key []byte) (value []byte, found bool, err error) {
	if s.running != nil {
		if w, written := s.running[string(key)]; written {
			return w.value, !w.deleted, nil
		}
	}
	s.value, _, err = s.server.Store.Read(s.ctx, &s.valueHold, 1, s.value[:0], key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, false, nil
	}
	return s.value, err == nil, err
}

// put and remove add a write to the batch.
func (s *session) put(key, value []byte) {
	if s.room(len(key) + len(value)) {
		s.batch.Set(key, value)
		s.running.note(key, write{value: value})
	}
}

func (s *session) remove(key []byte) {
	if s.room(len(key)) {
		s.batch.Delete(key)
		s.running.note(key, write{deleted: true})
	}
}

// apply writes what fill adds to the batch, at the server's durability level, and says
// whether the write was acknowledged. Within a transaction, it adds the write to the
// transaction.
func (s *session) apply(fill func()) bool {
	if s.running != nil {
		fill()
		return true
	}
	s.batch.Reset()
	fill()
	_, err := s.server.Store.Apply(s.ctx, &s.batch, s.server.Store.Settings().Durability)
	if err != nil {
		s.fail(err)
	}
	return err == nil
}

// update is apply for a write that depends on what decide reads of the keys. No other
// client changes these keys meanwhile.
func (s *session) update(keys [][]byte, decide func() error) bool {
	var err error
	if s.running != nil {
		err = decide() // EXEC has locked the keys
	} else {
		s.batch.Reset()
		_, err = s.server.Store.Update(s.ctx, keys, &s.batch, s.server.Store.Settings().Durability, decide)
	}
	if err != nil {
		s.fail(err)
	}
	return err == nil
}

// valueOr answers with a value, or with null if it is missing.
func (s *session) valueOr(value []byte, found bool) {
	if found {
		s.out.bulk(value)
	} else {
		s.out.null()
	}
}

// with calls answer with what is stored under one key.
func (s *session) with(key []byte, answer func(value []byte, found bool)) {
	value, found, err := s.read(key)
	if err != nil {
		s.fail(err)
		return
	}
	answer(value, found)
}

func (s *session) get(args [][]byte) { s.with(args[0], s.valueOr) }

func (s *session) strlen(args [][]byte) {
	s.with(args[0], func(value []byte, _ bool) { s.out.number(int64(len(value))) })
}

func (s *session) typeOf(args [][]byte) {
	s.with(args[0], func(_ []byte, found bool) { s.out.simple(map[bool]string{true: "string", false: "none"}[found]) })
}

// ttl does TTL and PTTL. No key expires.
func (s *session) ttl(args [][]byte) {
	const noExpiry, noKey = -1, -2
	s.with(args[0], func(_ []byte, found bool) { s.out.number(map[bool]int64{true: noExpiry, false: noKey}[found]) })
}

// mget sends each value before it reads the next, so that it holds one at a time. If a
// read fails after a part of the answer was sent, the connection ends, so that no
// client takes the part for the whole.
func (s *session) mget(args [][]byte) {
	before := s.out.mark()
	s.out.array(len(args))
	for _, key := range args {
		value, found, err := s.read(key)
		if err == nil {
			s.valueOr(value, found)
		} else if s.out.back(before) {
			s.fail(err)
			return
		} else {
			s.quit, s.out.err = true, err
		}
		if s.out.err != nil {
			return
		}
	}
}

// present counts the keys that have a value. A key that is given twice counts twice.
func (s *session) present(keys [][]byte) (n int64, err error) {
	for _, key := range keys {
		_, found, err := s.read(key)
		if err != nil {
			return 0, err
		}
		if found {
			n++
		}
	}
	return n, nil
}

func (s *session) exists(args [][]byte) {
	n, err := s.present(args)
	if err != nil {
		s.fail(err)
		return
	}
	s.out.number(n)
}

// del does DEL and UNLINK. A key that is given twice counts once: the second time it is
// gone.
func (s *session) del(args [][]byte) {
	var n int64
	ok := s.update(args, func() error {
		gone := make(map[string]bool, len(args))
		for _, key := range args {
			_, found, err := s.read(key)
			if err != nil {
				return err
			}
			if found && !gone[string(key)] {
				n++
			}
			gone[string(key)] = true
		}
		for _, key := range args {
			s.remove(key)
		}
		return nil
	})
	if ok {
		s.out.number(n)
	}
}
