package replica

import (
	"errors"
	"reflect"
	"testing"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/kv"
)

func wireMessages() []Message {
	raft := &consensus.Message{
		Type: consensus.App, To: 2, From: 1, Term: 300, LogTerm: 2, Index: 1 << 40, Commit: 9, RejectHint: 4, Reject: true,
		Entries: []consensus.Entry{{Term: 1, Index: 2, Kind: consensus.ChangeV2, Data: []byte("data")}, {Term: 300, Index: 3}},
		Context: []byte("context"),
	}
	final := &consensus.Message{
		Type: consensus.Snap, To: 3, From: 1, Term: 7,
		Snapshot: &consensus.Point{Index: 5, Term: 6, Members: consensus.Members{Voters: []uint64{1, 2, 300}, Learners: []uint64{9}, AutoLeave: true}},
	}
	return []Message{
		{To: 2, From: 1, Raft: raft},
		{To: 3, From: 1, Raft: final},
		{To: 3, From: 1, Chunk: &Chunk{Stream: 1 << 41, Number: 0, Keys: []byte("keys")}},
		{To: 3, From: 1, Chunk: &Chunk{Stream: 1 << 41, Number: 1, Final: final}},
		{To: 1, From: 3, Ack: &ChunkAck{Stream: 1 << 41, Number: 1}},
	}
}

func TestWire(t *testing.T) {
	for _, m := range wireMessages() {
		encoded := AppendMessage(nil, &m)
		if got, err := ReadMessage(encoded); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%+v becomes %+v, %v", m, got, err)
		}
		for n := range encoded {
			if got, err := ReadMessage(encoded[:n]); !errors.Is(err, kv.ErrCorrupt) {
				t.Errorf("the first %d bytes of %d: %+v, %v", n, len(encoded), got, err)
			}
		}
	}
}

// FuzzWire reads anything: what is read is written alike, and all else is an error.
func FuzzWire(f *testing.F) {
	for _, m := range wireMessages() {
		f.Add(AppendMessage(nil, &m))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		m, err := ReadMessage(encoded)
		if err != nil {
			if !errors.Is(err, kv.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again := AppendMessage(nil, &m)
		if got, err := ReadMessage(again); err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("%+v is read as %+v, %v", m, got, err)
		}
	})
}
