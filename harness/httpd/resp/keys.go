package resp

import (
	"errors"

	"lsmlab/engines/kv"
)

// read returns the value of key, valid until the next read.
func (s *session) read(key []byte) (value []byte, found bool, err error) {
	s.value, _, err = s.server.Store.Get(s.ctx, s.value[:0], key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, false, nil
	}
	return s.value, err == nil, err
}

func (s *session) get(args [][]byte) {
	value, found, err := s.read(args[0])
	switch {
	case err != nil:
		s.fail(err)
	case found:
		s.out.bulk(value)
	default:
		s.out.null()
	}
}

func (s *session) mget(args [][]byte) {
	values := make([][]byte, len(args)) // an error would have to be the whole answer
	for i, key := range args {
		value, found, err := s.read(key)
		if err != nil {
			s.fail(err)
			return
		}
		if found {
			values[i] = append([]byte{}, value...)
		}
	}
	s.out.array(len(values))
	for _, value := range values {
		if value == nil {
			s.out.null()
		} else {
			s.out.bulk(value)
		}
	}
}

// present counts the keys that have a value; a key given twice counts twice.
func (s *session) present(keys [][]byte) (n int, err error) {
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

// apply writes what fill adds, at the server's durability, and says whether it
// was acknowledged.
func (s *session) apply(fill func(b *kv.Batch)) bool {
	s.batch.Reset()
	fill(&s.batch)
	if _, err := s.server.Store.Apply(s.ctx, &s.batch, s.server.Store.Settings().Durability); err != nil {
		s.fail(err)
		return false
	}
	return true
}

func (s *session) set(args [][]byte) {
	if s.apply(func(b *kv.Batch) { b.Set(args[0], args[1]) }) {
		s.out.simple("OK")
	}
}

func (s *session) mset(args [][]byte) {
	if len(args)%2 != 0 {
		s.out.fail("ERR wrong number of arguments for 'MSET': a key has no value")
		return
	}
	ok := s.apply(func(b *kv.Batch) {
		for i := 0; i < len(args); i += 2 {
			b.Set(args[i], args[i+1])
		}
	})
	if ok {
		s.out.simple("OK")
	}
}

func (s *session) del(args [][]byte) {
	n, err := s.present(args)
	if err != nil {
		s.fail(err)
		return
	}
	ok := s.apply(func(b *kv.Batch) {
		for _, key := range args {
			b.Delete(key)
		}
	})
	if ok {
		s.out.number(n)
	}
}
