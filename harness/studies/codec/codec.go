// Package codec races ways to write entries of a table down and to read them back (kind
// "codec"), and ways to write the lengths of their keys (kind "lengths").
//
// A step encodes or decodes a few blocks of entries, as a table has them. A decoder hands out
// views of the block where its format allows that. What it reads is compared with what was
// written before the measured part; in it, the number of entries and of their bytes is
// checked.
package codec

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// bytesPerEntry is the figure of the bytes that an encoded entry takes, its key and value
// included.
const bytesPerEntry = "encoded_bytes_per_entry"

// entry is what all codecs write.
type entry struct {
	Key, Value []byte
	Seq        uint64
	Delete     bool // without a value
}

// codec is a format. It is used by one thread.
type codec interface {
	// Encode appends the entries to dst.
	Encode(dst []byte, entries []entry) ([]byte, error)
	// Decode calls each with every entry of a block; key and value are views, valid until it
	// returns.
	Decode(block []byte, each func(entry)) error
}

// contender is a format that can be made.
type contender struct {
	micro.Contender
	open func() codec
}

var contenders = []contender{
	{micro.Contender{Name: "fixed", Own: true, About: "fixed-width little-endian lengths, sequence number and kind, then the bytes"}, func() codec { return fixed{} }},
	{micro.Contender{Name: "uleb", Own: true, About: "uleb128 lengths, and a header byte with the kind and whether a value follows"}, func() codec { return uleb{} }},
	{micro.Contender{Name: "uleb-marker", Own: true, About: "as uleb, but a field of 4 bytes, not a bit of the header, says whether a value follows"}, func() codec { return uleb{marker: true} }},
	{micro.Contender{Name: "gob", About: "encoding/gob, each block by an encoder of its own: it can be read alone"}, func() codec { return gobBlock{} }},
	{micro.Contender{Name: "gob-stream", About: "encoding/gob, one encoder and one decoder for all blocks: types are written once"}, newGobStream},
	{micro.Contender{Name: "binary-read", About: "encoding/binary Write and Read of a struct of fixed size, then the bytes"}, func() codec { return binaryRead{} }},
	{micro.Contender{Name: "protobuf", Module: "google.golang.org/protobuf", About: "fields of a protobuf message by protowire, as generated code writes them"}, func() codec { return protobuf{} }},
}

// Works of both kinds.
const (
	encode = "encode"
	decode = "decode"
)

// Kind returns the formats as contenders of the kind "codec".
func Kind() micro.Kind {
	k := micro.Kind{
		Name: "codec", About: "formats of the entries of a block", Measure: micro.Loop(prepare), KeySize: 16, ValueSize: 100,
		Works: []micro.Work{{Name: encode, About: "entries into a block"}, {Name: decode, About: "a block into entries"}},
	}
	for _, c := range contenders {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	return k
}

const (
	blocksAStep  = 16 // so that a reading of the clock does not count
	blockEntries = 32 // of some 4 KiB with the usual sizes, as a table has them
	deleted      = 8  // one entry in so many
)

// entriesOf makes the entries of a block.
func entriesOf(j micro.Job) (entries []entry) {
	style := workloads.Keys{Style: workloads.DBBench, Size: j.KeySize}
	rng := rand.New(rand.NewPCG(j.Seed, 0))
	for i := range uint64(blockEntries) {
		e := entry{Key: style.Append(nil, rng.Uint64()), Seq: rng.Uint64() >> 24, Delete: i%deleted == deleted-1}
		if !e.Delete {
			e.Value = workloads.AppendValue(nil, i, 1, j.ValueSize, 0)
		}
		entries = append(entries, e)
	}
	return entries
}

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	c := contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.Name == j.Contender })]
	entries := entriesOf(j)
	t := &micro.Task{Batch: blocksAStep * blockEntries}
	size := 0
	t.Thread = func(int) (micro.Step, error) {
		one := c.open()
		block, err := one.Encode(nil, entries)
		if err != nil {
			return nil, err
		}
		if err := same(one, block, entries); err != nil {
			return nil, err
		}
		size = len(block)
		if j.Work == encode {
			return repeat(encoding(one, block, entries)), nil
		}
		return repeat(decoding(one, block, entries)), nil
	}
	t.Figures = func(c *result.Cell) error {
		c.Figures = map[string]float64{bytesPerEntry: float64(size) / blockEntries}
		return nil
	}
	return t, ctx.Err()
}

// same decodes a block and compares it with what was encoded.
func same(c codec, block []byte, entries []entry) error {
	i := 0
	wrong := -1
	err := c.Decode(block, func(e entry) {
		if i >= len(entries) || string(e.Key) != string(entries[i].Key) || string(e.Value) != string(entries[i].Value) ||
			e.Seq != entries[i].Seq || e.Delete != entries[i].Delete {
			wrong = i
		}
		i++
	})
	if err == nil && (wrong >= 0 || i != len(entries)) {
		err = fmt.Errorf("%d of %d entries came back, number %d is wrong", i, len(entries), wrong)
	}
	return err
}

// repeat does a step over and over.
func repeat(one micro.Step) micro.Step {
	return func() error {
		for range blocksAStep {
			if err := one(); err != nil {
				return err
			}
		}
		return nil
	}
}

func encoding(c codec, block []byte, entries []entry) micro.Step {
	buffer := slices.Clone(block)
	return func() error {
		b, err := c.Encode(buffer[:0], entries)
		if err == nil && len(b) != len(block) {
			err = fmt.Errorf("a block has %d bytes, want %d", len(b), len(block))
		}
		return err
	}
}

func decoding(c codec, block []byte, entries []entry) micro.Step {
	want := 0
	for _, e := range entries {
		want += len(e.Key) + len(e.Value)
	}
	return func() error {
		n, bytes := 0, 0
		err := c.Decode(block, func(e entry) {
			n++
			bytes += len(e.Key) + len(e.Value)
		})
		if err == nil && (n != len(entries) || bytes != want) {
			err = fmt.Errorf("%d entries of %d bytes came back, want %d of %d", n, bytes, len(entries), want)
		}
		return err
	}
}
