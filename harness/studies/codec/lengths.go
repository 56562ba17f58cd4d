package codec

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// bytesPerLength is the figure of the bytes that an encoded length takes.
const bytesPerLength = "encoded_bytes_per_length"

// lengthCodec is a format of lengths. Both functions are given whole blocks, so that no call
// through a pointer outweighs a length.
type lengthCodec struct {
	micro.Contender
	append func(dst []byte, lengths []uint32) []byte
	// sum returns how many lengths a block holds and their sum; n is negative if the block is
	// cut short.
	sum func(b []byte) (n int, sum uint64)
}

var lengthCodecs = []lengthCodec{
	{
		micro.Contender{Name: "uleb128", Own: true, About: "uleb128, lengths of one byte first, as our tables read them"},
		appendUvarints, func(b []byte) (n int, sum uint64) {
			for at := 0; at < len(b); n++ {
				v, next, ok := uvarint(b, at)
				if !ok {
					return -1, 0
				}
				sum, at = sum+v, next
			}
			return n, sum
		},
	},
	{
		micro.Contender{Name: "uvarint", About: "encoding/binary Uvarint: uleb128 by the standard library"},
		appendUvarints, func(b []byte) (n int, sum uint64) {
			for ; len(b) > 0; n++ {
				v, size := binary.Uvarint(b)
				if size <= 0 {
					return -1, 0
				}
				sum, b = sum+v, b[size:]
			}
			return n, sum
		},
	},
	{
		micro.Contender{Name: "varint", About: "encoding/binary Varint: signed, zigzag"},
		func(dst []byte, lengths []uint32) []byte {
			for _, l := range lengths {
				dst = binary.AppendVarint(dst, int64(l))
			}
			return dst
		}, func(b []byte) (n int, sum uint64) {
			for ; len(b) > 0; n++ {
				v, size := binary.Varint(b)
				if size <= 0 {
					return -1, 0
				}
				sum, b = sum+uint64(v), b[size:]
			}
			return n, sum
		},
	},
	{
		micro.Contender{Name: "protowire", Module: "google.golang.org/protobuf", About: "varints of protobuf's own library"},
		func(dst []byte, lengths []uint32) []byte {
			for _, l := range lengths {
				dst = protowire.AppendVarint(dst, uint64(l))
			}
			return dst
		}, func(b []byte) (n int, sum uint64) {
			for ; len(b) > 0; n++ {
				v, size := protowire.ConsumeVarint(b)
				if size < 0 {
					return -1, 0
				}
				sum, b = sum+v, b[size:]
			}
			return n, sum
		},
	},
	{
		micro.Contender{Name: "fixed32", About: "4 bytes each, little-endian"},
		func(dst []byte, lengths []uint32) []byte {
			for _, l := range lengths {
				dst = binary.LittleEndian.AppendUint32(dst, l)
			}
			return dst
		}, func(b []byte) (n int, sum uint64) {
			for ; len(b) >= 4; n++ {
				sum, b = sum+uint64(binary.LittleEndian.Uint32(b)), b[4:]
			}
			return n, sum
		},
	},
}

func appendUvarints(dst []byte, lengths []uint32) []byte {
	for _, l := range lengths {
		dst = binary.AppendUvarint(dst, uint64(l))
	}
	return dst
}

const (
	lengthsABlock = 4096
	longLength    = 50 // one length in so many takes more than 7 bits
)

// Lengths returns the formats of lengths as contenders of the kind "lengths".
func Lengths() micro.Kind {
	k := micro.Kind{
		Name: "lengths", About: "formats of the lengths of keys: 8 to 127 bytes, one in 50 longer", Measure: micro.Loop(prepareLengths),
		Works: []micro.Work{{Name: encode, About: "lengths into bytes"}, {Name: decode, About: "bytes into lengths"}},
	}
	for _, c := range lengthCodecs {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	return k
}

func prepareLengths(ctx context.Context, j micro.Job) (*micro.Task, error) {
	c := lengthCodecs[slices.IndexFunc(lengthCodecs, func(c lengthCodec) bool { return c.Name == j.Contender })]
	rng := rand.New(rand.NewPCG(j.Seed, 0))
	lengths, want := make([]uint32, lengthsABlock), uint64(0)
	for i := range lengths {
		lengths[i] = 8 + rng.Uint32N(120)
		if rng.IntN(longLength) == 0 {
			lengths[i] = 128 + rng.Uint32N(1000)
		}
		want += uint64(lengths[i])
	}
	block := c.append(nil, lengths)
	t := &micro.Task{Batch: lengthsABlock}
	t.Thread = func(int) (micro.Step, error) {
		buffer := slices.Clone(block)
		if j.Work == encode {
			return func() error {
				if b := c.append(buffer[:0], lengths); len(b) != len(block) {
					return fmt.Errorf("%d bytes, want %d", len(b), len(block))
				}
				return nil
			}, nil
		}
		return func() error {
			if n, sum := c.sum(buffer); n != lengthsABlock || sum != want {
				return fmt.Errorf("%d lengths of %d in all, want %d of %d", n, sum, lengthsABlock, want)
			}
			return nil
		}, nil
	}
	t.Figures = func(c *result.Cell) error {
		c.Figures = map[string]float64{bytesPerLength: float64(len(block)) / lengthsABlock}
		return nil
	}
	return t, ctx.Err()
}
