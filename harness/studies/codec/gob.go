package codec

import (
	"bytes"
	"encoding/gob"
	"errors"
)

// gobBlock writes the types into every block.
type gobBlock struct{}

func (gobBlock) Encode(dst []byte, entries []entry) ([]byte, error) {
	w := bytes.NewBuffer(dst)
	err := gob.NewEncoder(w).Encode(entries)
	return w.Bytes(), err
}

func (gobBlock) Decode(b []byte, each func(entry)) error {
	var entries []entry
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&entries); err != nil {
		return err
	}
	for _, e := range entries {
		each(e)
	}
	return nil
}

// gobStream writes the types once, when it is made. Its blocks hold entries alone, and its
// own decoder alone reads them.
type gobStream struct {
	out, in bytes.Buffer
	enc     *gob.Encoder
	dec     *gob.Decoder
	entries []entry
	err     error
}

func newGobStream() codec {
	s := &gobStream{}
	s.enc, s.dec = gob.NewEncoder(&s.out), gob.NewDecoder(&s.in)
	s.err = s.enc.Encode([]entry{{}})
	s.in.Write(s.out.Bytes())
	s.err = errors.Join(s.err, s.dec.Decode(&s.entries))
	return s
}

func (s *gobStream) Encode(dst []byte, entries []entry) ([]byte, error) {
	s.out.Reset()
	err := s.enc.Encode(entries)
	return append(dst, s.out.Bytes()...), errors.Join(s.err, err)
}

func (s *gobStream) Decode(b []byte, each func(entry)) error {
	s.in.Write(b)
	clear(s.entries[:cap(s.entries)]) // gob leaves fields alone that are zero
	s.entries = s.entries[:0]
	if err := errors.Join(s.err, s.dec.Decode(&s.entries)); err != nil {
		return err
	}
	for _, e := range s.entries {
		each(e)
	}
	return nil
}
