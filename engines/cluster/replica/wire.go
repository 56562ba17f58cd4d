package replica

import (
	"encoding/binary"

	"lsmlab/engines/cluster/consensus"
)

// A message between members is encoded as
//
//	| 0 | message of consensus |
//	| 1 | to | from | stream | number | length, keys | final 1 | message, if final is 1 |
//	| 2 | to | from | stream | number |
//
// with numbers as uleb128. Part of the wire format.
const (
	wireRaft = iota
	wireChunk
	wireAck
)

// AppendMessage appends the encoding of m.
func AppendMessage(dst []byte, m *Message) []byte {
	numbers := func(kind byte, stream, number uint64) {
		dst = append(dst, kind)
		for _, n := range [...]uint64{m.To, m.From, stream, number} {
			dst = binary.AppendUvarint(dst, n)
		}
	}
	switch {
	case m.Ack != nil:
		numbers(wireAck, m.Ack.Stream, m.Ack.Number)
	case m.Chunk != nil:
		numbers(wireChunk, m.Chunk.Stream, m.Chunk.Number)
		dst = consensus.AppendBytes(dst, m.Chunk.Keys)
		if m.Chunk.Final == nil {
			return append(dst, 0)
		}
		dst = consensus.AppendMessage(append(dst, 1), m.Chunk.Final)
	default:
		dst = consensus.AppendMessage(append(dst, wireRaft), m.Raft)
	}
	return dst
}

// ReadMessage reads an encoded message, of which the result has views. Damage is an error
// that wraps kv.ErrCorrupt.
func ReadMessage(encoded []byte) (m Message, err error) {
	d := consensus.NewDecoder(encoded)
	kind := d.Byte()
	if kind == wireRaft {
		m.Raft = d.Message()
		m.To, m.From = m.Raft.To, m.Raft.From
		return m, d.End()
	}
	m.To, m.From = d.Uint(), d.Uint()
	stream, number := d.Uint(), d.Uint()
	switch kind {
	case wireAck:
		m.Ack = &ChunkAck{stream, number}
	case wireChunk:
		m.Chunk = &Chunk{Stream: stream, Number: number, Keys: d.Bytes()}
		if d.Byte() != 0 {
			m.Chunk.Final = d.Message()
		}
	default:
		d.Fail("message kind %d, want at most %d", kind, wireAck)
	}
	return m, d.End()
}
