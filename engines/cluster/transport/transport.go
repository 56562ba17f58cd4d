// Package transport carries the messages of replicas over TCP. A node listens at one
// address and keeps one connection to each peer, on which it only writes. Messages may be
// lost: those for a peer that does not answer, and those under way when a connection
// breaks. Replicas ask again.
//
// A connection begins with the magic number, the group's token and the sender's number;
// frames follow, with numbers of four bytes, the lowest first:
//
//	| length | CRC-32C of the message | message, see replica.AppendMessage |
//
// A node drops a connection with another token, so that processes of others that find the
// port say nothing to the group; this is no protection against those who can read the
// memory or the network of the machine.
package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"sync"
	"time"

	"lsmlab/engines/cluster/mailbox"
	"lsmlab/engines/cluster/replica"
	"lsmlab/engines/kv"
)

const (
	magic = "lsmlraf1"
	// maxFrame bounds what a frame makes its receiver allocate.
	maxFrame = 96 << 20
	// maxQueued bounds the messages that wait for one peer.
	maxQueued   = 4096
	dialTimeout = time.Second
	redialAfter = 50 * time.Millisecond
	bufferSize  = 64 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Token is what the nodes of one group know.
type Token [16]byte

// Node is the transport of one member. It is safe for concurrent use.
type Node struct {
	id      uint64
	token   Token
	listen  net.Listener
	deliver func(replica.Message)
	lost    func(peer uint64)
	stop    chan struct{}
	running sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once closed
	peers map[uint64]*peer
}

type peer struct {
	id      uint64
	address string
	box     *mailbox.Box[replica.Message]
}

// Listen returns the node of member id at an address, as host:0 for any port. It calls
// deliver with each message that arrives, and lost after messages to a peer were lost;
// neither may wait for long.
func Listen(id uint64, address string, token Token, deliver func(replica.Message), lost func(peer uint64)) (*Node, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("replica %d: %w", id, err)
	}
	n := &Node{
		id: id, token: token, listen: l, deliver: deliver, lost: lost,
		stop: make(chan struct{}), conns: map[net.Conn]struct{}{}, peers: map[uint64]*peer{},
	}
	n.running.Go(n.accept)
	return n, nil
}

// Address returns where the node listens.
func (n *Node) Address() string { return n.listen.Addr().String() }

// AddPeer tells the node where another one listens. It must not be known already.
func (n *Node) AddPeer(id uint64, address string) {
	p := &peer{id, address, mailbox.New[replica.Message]()}
	n.mu.Lock()
	n.peers[id] = p
	n.mu.Unlock()
	n.running.Go(func() { n.serve(p) })
}

// Send sends a message, which must not be changed any more. It does not wait.
func (n *Node) Send(m replica.Message) {
	n.mu.Lock()
	p := n.peers[m.To]
	n.mu.Unlock()
	if p != nil {
		p.box.Put(m)
	}
}

// Close ends all connections and waits until no call of the node's runs.
func (n *Node) Close() error {
	close(n.stop)
	err := n.listen.Close()
	n.mu.Lock()
	for c := range n.conns {
		_ = c.Close() // whoever uses it hears of it
	}
	n.conns = nil
	n.mu.Unlock()
	n.running.Wait()
	return err
}

// hold notes a connection for Close; it returns false if that has begun.
func (n *Node) hold(c net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns == nil {
		_ = c.Close() // nobody uses it
		return false
	}
	n.conns[c] = struct{}{}
	return true
}

func (n *Node) release(c net.Conn) {
	n.mu.Lock()
	delete(n.conns, c)
	n.mu.Unlock()
	_ = c.Close() // it is of no more use
}

func (n *Node) accept() {
	for {
		c, err := n.listen.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // as of too many open files: it may pass
			n.pause()
			continue
		}
		if n.hold(c) {
			n.running.Go(func() {
				defer n.release(c)
				_ = n.receive(c) // the sender connects again
			})
		}
	}
}

// pause waits before what failed is tried again.
func (n *Node) pause() {
	select {
	case <-n.stop:
	case <-time.After(redialAfter):
	}
}

// receive delivers what arrives on a connection, until its end or damage.
func (n *Node) receive(c net.Conn) error {
	r := bufio.NewReaderSize(c, bufferSize)
	head := make([]byte, len(magic)+len(n.token)+8)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	if !bytes.Equal(head[:len(head)-8], append([]byte(magic), n.token[:]...)) {
		return fmt.Errorf("%w: the sender is of another group or version", kv.ErrUnsupported)
	}
	from := binary.LittleEndian.Uint64(head[len(head)-8:])
	for {
		m, err := readFrame(r)
		if err != nil {
			return err
		}
		if m.To != n.id || m.From != from {
			return fmt.Errorf("%w: a message from %d to %d on the connection of %d to %d", kv.ErrCorrupt, m.From, m.To, from, n.id)
		}
		n.deliver(m)
	}
}

func readFrame(r io.Reader) (m replica.Message, err error) {
	var head [8]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return m, err
	}
	size, sum := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	if size > maxFrame {
		return m, fmt.Errorf("%w: a frame of %d bytes, want at most %d", kv.ErrCorrupt, size, maxFrame)
	}
	body := make([]byte, size) // which the message has views of
	if _, err = io.ReadFull(r, body); err != nil {
		return m, err
	}
	if got := crc32.Checksum(body, castagnoli); got != sum {
		return m, fmt.Errorf("%w: a frame with CRC %08x, want %08x", kv.ErrCorrupt, got, sum)
	}
	return replica.ReadMessage(body)
}

func appendFrame(dst []byte, m *replica.Message) []byte {
	start := len(dst)
	dst = replica.AppendMessage(append(dst, make([]byte, 8)...), m)
	body := dst[start+8:]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(body, castagnoli))
	return dst
}

// serve sends the messages for a peer.
func (n *Node) serve(p *peer) {
	for {
		c, err := net.DialTimeout("tcp", p.address, dialTimeout)
		if err == nil && n.hold(c) {
			n.write(c, p)
			n.release(c)
		}
		select {
		case <-n.stop:
			return
		default:
		}
		p.box.Take()
		n.lost(p.id)
		n.pause()
	}
}

// write writes until the connection breaks or the node is closed.
func (n *Node) write(c net.Conn, p *peer) {
	buffer := binary.LittleEndian.AppendUint64(append([]byte(magic), n.token[:]...), n.id)
	for {
		if _, err := c.Write(buffer); err != nil {
			return
		}
		if buffer = buffer[:0]; cap(buffer) > 1<<20 {
			buffer = nil
		}
		select {
		case <-n.stop:
			return
		case <-p.box.Ready():
		}
		messages := p.box.Take()
		if len(messages) > maxQueued { // the peer does not keep up
			messages = messages[:maxQueued]
			n.lost(p.id)
		}
		for i := range messages {
			buffer = appendFrame(buffer, &messages[i])
		}
	}
}
