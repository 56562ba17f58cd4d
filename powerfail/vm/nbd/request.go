package nbd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// request is one command of the client.
type request struct {
	flags, command uint16
	cookie         uint64 // the client's, for the reply
	offset         int64
	length         int64
	complete       Completion
	read           []byte // what a read returns
}

// batch takes every request that has arrived, and then completes them in order.
func (s *server) batch() error {
	var requests []*request
	for len(requests) == 0 || s.r.Buffered() >= requestSize {
		q, err := s.receive()
		if err != nil {
			return err
		}
		requests = append(requests, q)
	}
	for _, q := range requests {
		status := uint32(errno(q.complete()))
		s.put(uint32(magicSimple), status, q.cookie)
		if status == 0 {
			_, _ = s.w.Write(q.read) // Flush reports the error
		}
	}
	return s.w.Flush()
}

// receive reads one request and hands it to the disk.
func (s *server) receive() (*request, error) {
	var head [requestSize]byte
	if _, err := io.ReadFull(s.r, head[:]); err != nil {
		return nil, err
	}
	big := binary.BigEndian
	if magic := big.Uint32(head[:]); magic != magicRequest {
		return nil, fmt.Errorf("request magic %x", magic)
	}
	q := &request{
		flags: big.Uint16(head[4:]), command: big.Uint16(head[6:]), cookie: big.Uint64(head[8:]),
		offset: int64(big.Uint64(head[16:])), length: int64(big.Uint32(head[24:])),
	}
	if q.command == commandDisconnect {
		return nil, errLeft
	}
	return q, s.issue(q)
}

// issue tells the disk what has arrived.
func (s *server) issue(q *request) error {
	var data []byte
	if q.command == commandWrite {
		if q.length > maxLength {
			return fmt.Errorf("write of %d bytes, at most %d", q.length, maxLength)
		}
		data = make([]byte, q.length)
		if _, err := io.ReadFull(s.r, data); err != nil {
			return err
		}
	}
	if q.offset < 0 || q.offset > s.disk.Size()-q.length {
		q.complete = refuse
		return nil
	}
	fua := q.flags&commandFUA != 0
	switch q.command {
	case commandRead:
		q.complete = s.read(q)
	case commandWrite:
		q.complete = s.disk.Write(data, q.offset, fua)
	case commandTrim, commandZeroes:
		q.complete = s.disk.Zero(q.offset, q.length, fua)
	case commandFlush:
		q.complete = s.disk.Flush()
	default:
		q.complete = refuse
	}
	return nil
}

func (s *server) read(q *request) Completion {
	if q.length > maxLength {
		return refuse
	}
	return func() error {
		q.read = make([]byte, q.length)
		return s.disk.Read(q.read, q.offset)
	}
}

func refuse() error { return syscall.EINVAL }

// errno is the number that the client gets for an error; those of the protocol
// are those of Linux.
func errno(err error) syscall.Errno {
	var n syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &n):
		return n
	}
	return syscall.EIO
}
