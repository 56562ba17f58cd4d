package nbd

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
)

// disk notes what it is asked, and when that completes.
type disk struct {
	data   []byte
	events []string
	fail   bool
}

func (d *disk) Size() int64 { return int64(len(d.data)) }

func (d *disk) Read(p []byte, offset int64) error {
	copy(p, d.data[offset:])
	return nil
}

func (d *disk) ask(what string, do func()) Completion {
	d.events = append(d.events, what)
	return func() error {
		d.events = append(d.events, what+" done")
		if d.fail {
			return fmt.Errorf("planned: %w", syscall.ENOSPC)
		}
		do()
		return nil
	}
}

func (d *disk) Write(p []byte, offset int64, fua bool) Completion {
	return d.ask(fmt.Sprintf("write %d at %d fua=%t", len(p), offset, fua), func() { copy(d.data[offset:], p) })
}

func (d *disk) Zero(offset, length int64, _ bool) Completion {
	return d.ask(fmt.Sprintf("zero %d at %d", length, offset), func() { clear(d.data[offset : offset+length]) })
}

func (d *disk) Flush() Completion { return d.ask("flush", func() {}) }

// client speaks the client's side.
type client struct {
	t *testing.T
	net.Conn
}

func (c client) send(fields ...any) {
	c.t.Helper()
	var b bytes.Buffer
	for _, f := range fields {
		if err := binary.Write(&b, binary.BigEndian, f); err != nil {
			c.t.Fatal(err)
		}
	}
	if _, err := c.Conn.Write(b.Bytes()); err != nil {
		c.t.Fatal(err)
	}
}

func (c client) receive(n int) []byte {
	c.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c, b); err != nil {
		c.t.Fatal(err)
	}
	return b
}

// request is a request as bytes.
func requestBytes(flags, command uint16, cookie uint64, offset int64, length int, data ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magicRequest)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint16(b, command)
	b = binary.BigEndian.AppendUint64(b, cookie)
	b = binary.BigEndian.AppendUint64(b, uint64(offset))
	b = binary.BigEndian.AppendUint32(b, uint32(length))
	return append(b, data...)
}

// reply reads a simple reply.
func (c client) reply(cookie uint64) (errno uint32) {
	c.t.Helper()
	b := c.receive(16)
	if got := binary.BigEndian.Uint64(b[8:]); binary.BigEndian.Uint32(b) != magicSimple || got != cookie {
		c.t.Fatalf("reply % x, want one to request %d", b, cookie)
	}
	return binary.BigEndian.Uint32(b[4:])
}

// connect serves d and negotiates; served receives what Serve returns.
func connect(t *testing.T, d Disk) (c client, served chan error) {
	ours, theirs := net.Pipe()
	served = make(chan error, 1)
	go func() {
		served <- Serve(theirs, d)
		theirs.Close()
	}()
	t.Cleanup(func() { ours.Close() })
	c = client{t, ours}
	if got := string(c.receive(16)); got != "NBDMAGICIHAVEOPT" {
		t.Fatalf("greeting %q", got)
	}
	c.receive(2)
	c.send(uint32(fixedNewstyle | noZeroes))
	const structuredReply = 8
	c.send(uint64(magicOption), uint32(structuredReply), uint32(0))
	if kind := binary.BigEndian.Uint32(c.receive(20)[12:]); kind != replyUnsupported {
		t.Fatalf("structured replies: answer %x", kind)
	}
	c.send(uint64(magicOption), uint32(optionGo), uint32(6), uint32(0), uint16(0))
	info := c.receive(20 + 12)[20:]
	if size := binary.BigEndian.Uint64(info[2:]); size != uint64(d.Size()) {
		t.Fatalf("size %d", size)
	}
	if kind := binary.BigEndian.Uint32(c.receive(20)[12:]); kind != replyAck {
		t.Fatalf("go: answer %x", kind)
	}
	return c, served
}

func TestRequests(t *testing.T) {
	d := &disk{data: make([]byte, 64)}
	c, served := connect(t, d)
	// What arrives together has all arrived before the first is done.
	c.Conn.Write(slices.Concat(
		requestBytes(commandFUA, commandWrite, 1, 8, 4, 'a', 'b', 'c', 'd'),
		requestBytes(0, commandFlush, 2, 0, 0),
		requestBytes(0, commandZeroes, 3, 8, 1)))
	for cookie := range uint64(3) {
		if errno := c.reply(cookie + 1); errno != 0 {
			t.Errorf("request %d: error %d", cookie+1, errno)
		}
	}
	want := []string{
		"write 4 at 8 fua=true", "flush", "zero 1 at 8",
		"write 4 at 8 fua=true done", "flush done", "zero 1 at 8 done",
	}
	if !slices.Equal(d.events, want) {
		t.Errorf("events %q", d.events)
	}
	c.Conn.Write(requestBytes(0, commandRead, 4, 7, 5))
	if errno := c.reply(4); errno != 0 || string(c.receive(5)) != "\x00\x00bcd" {
		t.Errorf("read: error %d", errno)
	}
	c.Conn.Write(requestBytes(0, commandDisconnect, 5, 0, 0))
	if err := <-served; err != nil {
		t.Errorf("a client that leaves: %v", err)
	}
}

func TestRefused(t *testing.T) {
	d := &disk{data: make([]byte, 64)}
	c, served := connect(t, d)
	const unknown = 99
	for cookie, q := range [][]byte{
		requestBytes(0, commandRead, 0, 60, 5),
		requestBytes(0, commandWrite, 1, 64, 1, 'x'),
		requestBytes(0, commandRead, 2, -1, 1),
		requestBytes(0, unknown, 3, 0, 0),
	} {
		c.Conn.Write(q)
		if errno := c.reply(uint64(cookie)); errno != uint32(syscall.EINVAL) {
			t.Errorf("request %d: error %d", cookie, errno)
		}
	}
	d.fail = true
	c.Conn.Write(requestBytes(0, commandFlush, 9, 0, 0))
	if errno := c.reply(9); errno != uint32(syscall.ENOSPC) {
		t.Errorf("a disk that fails: error %d", errno)
	}
	c.Conn.Write(make([]byte, requestSize)) // no magic
	if err := <-served; err == nil {
		t.Error("a client out of step got no error")
	}
}

func TestClientDies(t *testing.T) {
	c, served := connect(t, &disk{data: make([]byte, 8)})
	c.Close()
	if err := <-served; err != nil {
		t.Errorf("a client that died between requests: %v", err)
	}
}
