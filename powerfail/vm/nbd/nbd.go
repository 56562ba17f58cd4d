// Package nbd serves one disk to one client over the NBD protocol, so that a
// virtual machine writes into this process: no rights, no files, no kernel
// module of the host are needed.
//
// It speaks the part that QEMU asks for: the fixed newstyle negotiation with
// NBD_OPT_GO, then simple replies. The protocol is described in doc/proto.md of
// the NBD project.
package nbd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// Disk is what a client sees. All methods are called by one goroutine, within
// the bounds of the disk.
//
// A request that changes something has two moments: the method is called when
// the request arrived, and the Completion that it returns when the client is
// about to be told that it is done. Requests that are under way together have
// all arrived before the first of them completes.
type Disk interface {
	Size() int64 // in bytes
	Read(p []byte, offset int64) error
	Write(p []byte, offset int64, fua bool) Completion // p belongs to the disk
	Zero(offset, length int64, fua bool) Completion    // also for a discard
	Flush() Completion
}

// Completion completes a request. Its error is what the client gets.
type Completion func() error

// Numbers of the protocol.
const (
	magicServer  = 0x4e42444d41474943 // "NBDMAGIC"
	magicOption  = 0x49484156454f5054 // "IHAVEOPT"
	magicReply   = 0x0003e889045565a9 // of options
	magicRequest = 0x25609513
	magicSimple  = 0x67446698 // of simple replies

	fixedNewstyle = 1 << 0 // handshake flags
	noZeroes      = 1 << 1

	optionAbort = 2
	optionGo    = 7

	replyAck         = 1
	replyInfo        = 3
	replyUnsupported = 1<<31 | 1
	infoExport       = 0

	hasFlags, sendFlush, sendFUA, sendTrim, sendZeroes = 1 << 0, 1 << 2, 1 << 3, 1 << 5, 1 << 6 // transmission flags

	commandRead, commandWrite, commandDisconnect, commandFlush, commandTrim, commandZeroes = 0, 1, 2, 3, 4, 6

	commandFUA = 1 << 0

	requestSize = 28       // bytes
	maxLength   = 32 << 20 // bytes of a request; QEMU sends no longer one
)

// Serve serves d on conn until the client leaves. The error is nil if it left in
// order or its process ended between two requests.
func Serve(conn io.ReadWriter, d Disk) error {
	s := &server{r: bufio.NewReaderSize(conn, 256<<10), w: bufio.NewWriter(conn), disk: d}
	err := s.negotiate()
	for err == nil {
		err = s.batch()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errLeft) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("nbd: %w", err)
}

var errLeft = errors.New("the client left")

type server struct {
	r    *bufio.Reader
	w    *bufio.Writer
	disk Disk
}

// put queues numbers, big-endian as all of the protocol.
func (s *server) put(fields ...any) {
	for _, f := range fields {
		_ = binary.Write(s.w, binary.BigEndian, f) // Flush reports the error
	}
}

func (s *server) get(fields ...any) error {
	for _, f := range fields {
		if err := binary.Read(s.r, binary.BigEndian, f); err != nil {
			return err
		}
	}
	return nil
}

// negotiate answers options until the client wants to go.
func (s *server) negotiate() error {
	s.put(uint64(magicServer), uint64(magicOption), uint16(fixedNewstyle|noZeroes))
	if err := s.w.Flush(); err != nil {
		return err
	}
	var clientFlags uint32
	if err := s.get(&clientFlags); err != nil {
		return err
	}
	for {
		option, err := s.option()
		if err != nil {
			return err
		}
		switch option {
		case optionGo:
			flags := uint16(hasFlags | sendFlush | sendFUA | sendTrim | sendZeroes)
			s.reply(option, replyInfo, 12)
			s.put(uint16(infoExport), s.disk.Size(), flags)
			s.reply(option, replyAck, 0)
			return s.w.Flush()
		case optionAbort:
			return errLeft
		}
		s.reply(option, replyUnsupported, 0)
		if err := s.w.Flush(); err != nil {
			return err
		}
	}
}

func (s *server) option() (option uint32, err error) {
	var magic uint64
	var length uint32
	if err := s.get(&magic, &option, &length); err != nil {
		return 0, err
	}
	if magic != magicOption {
		return 0, fmt.Errorf("option magic %x", magic)
	}
	_, err = s.r.Discard(int(length)) // names and wishes; there is one disk
	return option, err
}

func (s *server) reply(option, kind, length uint32) {
	s.put(uint64(magicReply), option, kind, length)
}
