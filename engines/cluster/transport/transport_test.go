package transport

import (
	"encoding/binary"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/cluster/replica"
)

func message(from, to, index uint64) replica.Message {
	return replica.Message{To: to, From: from, Raft: &consensus.Message{Type: consensus.App, To: to, From: from, Index: index}}
}

// TestOrder sends from two nodes to a third: what arrives has the order of its sender.
func TestOrder(t *testing.T) {
	const each = 1000
	var mu sync.Mutex
	last := map[uint64]uint64{}
	var all sync.WaitGroup
	all.Add(2 * each)
	nodes := map[uint64]*Node{}
	for id := uint64(1); id <= 3; id++ {
		n, err := Listen(id, "127.0.0.1:0", Token{1}, func(m replica.Message) {
			defer all.Done()
			mu.Lock()
			defer mu.Unlock()
			if m.Raft.Index != last[m.From]+1 {
				t.Errorf("message %d of %d after %d", m.Raft.Index, m.From, last[m.From])
			}
			last[m.From] = m.Raft.Index
		}, func(peer uint64) { t.Errorf("messages to %d were lost", peer) })
		if err != nil {
			t.Fatal(err)
		}
		nodes[id] = n
	}
	for from := uint64(1); from <= 2; from++ {
		nodes[from].AddPeer(3, nodes[3].Address())
		for i := range uint64(each) {
			nodes[from].Send(message(from, 3, i+1))
		}
	}
	all.Wait()
	for id := range uint64(3) {
		if err := nodes[id+1].Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestStrangers has others connect: of another group, with damage, with a length that is
// too large, as another sender. The node ends each connection, and delivers nothing.
func TestStrangers(t *testing.T) {
	n, err := Listen(1, "127.0.0.1:0", Token{1}, func(m replica.Message) { t.Errorf("delivered %+v", m) }, func(uint64) {})
	if err != nil {
		t.Fatal(err)
	}
	m := message(2, 1, 1)
	damaged := appendFrame(nil, &m)
	damaged[len(damaged)-1] ^= 1
	endless := binary.LittleEndian.AppendUint32(nil, maxFrame+1)
	other := message(3, 1, 1)
	head := func(token byte) []byte {
		t := Token{token}
		return binary.LittleEndian.AppendUint64(append([]byte(magic), t[:]...), 2)
	}
	for name, bytes := range map[string][]byte{
		"another token":   append(head(2), appendFrame(nil, &m)...),
		"another magic":   append(append([]byte("lsmlraf0"), head(1)[len(magic):]...), appendFrame(nil, &m)...),
		"damage":          append(head(1), damaged...),
		"too long":        append(append(head(1), endless...), 0, 0, 0, 0),
		"another sender":  append(head(1), appendFrame(nil, &other)...),
		"no message":      append(head(1), 1, 0, 0, 0, 0, 0, 0, 0, 0),
		"another network": []byte("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", n.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write(bytes); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Error("the node answers")
			}
		})
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// TestReconnects loses messages while the peer is not there, says so, and goes on with its
// successor at the same address.
func TestReconnects(t *testing.T) {
	var arrived, lost atomic.Uint64 // the index of the last message, and how often some were lost
	open := func(id uint64, address string) *Node {
		n, err := Listen(id, address, Token{1},
			func(m replica.Message) { arrived.Store(m.Raft.Index) }, func(uint64) { lost.Add(1) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first, second := open(1, "127.0.0.1:0"), open(2, "127.0.0.1:0")
	address := second.Address()
	first.AddPeer(2, address)
	first.Send(message(1, 2, 1))
	for arrived.Load() != 1 {
		runtime.Gosched()
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	for lost.Load() == 0 { // the first may still go into the buffers of a broken connection
		first.Send(message(1, 2, 2))
		runtime.Gosched()
	}
	second = open(2, address)
	for arrived.Load() != 3 {
		first.Send(message(1, 2, 3))
		runtime.Gosched()
	}
	for _, n := range []*Node{first, second} {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
}
