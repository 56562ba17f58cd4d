package workloads

import (
	"bytes"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

var valueSizes = append(upTo(80), 100, 1000, 4099)

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// TestValueBytes pins the bytes of values of every kind: where they change, stores
// and results of before cannot be compared. A value is made in place where it has
// room, and nothing behind it changes.
func TestValueBytes(t *testing.T) {
	crc := crc32.NewIEEE()
	for _, size := range valueSizes {
		for _, repeat := range []uint8{0, 1, 100, 255} {
			memory := bytes.Repeat([]byte{0xaa}, size+40)
			v := AppendValue(memory[:0:size], uint64(size)*7919, uint32(repeat)+9, size, repeat)
			if size > 0 && &v[0] != &memory[0] || !bytes.Equal(memory[size:], bytes.Repeat([]byte{0xaa}, 40)) {
				t.Errorf("size %d repeat %d: not made in its place", size, repeat)
			}
			crc.Write(v)
		}
	}
	if got := crc.Sum32(); got != 0xf5a00b16 {
		t.Errorf("crc of all values: %#x", got)
	}
}

func TestValueRoundTrip(t *testing.T) {
	for _, size := range valueSizes {
		for _, repeat := range []uint8{0, 1, 128, 255} {
			v := AppendValue([]byte("ab"), 77, 9, size, repeat)
			if string(v[:2]) != "ab" || len(v) != size+2 {
				t.Fatalf("size %d: %d bytes appended", size, len(v)-2)
			}
			if err := CheckValue(v[2:], 77, size); err != nil {
				t.Errorf("size %d repeat %d: %v", size, repeat, err)
			}
		}
	}
}

// TestValueDamage flips bits of values of every size: each flip is found, but for
// one in version or repeat when the body that depends on them is under 8 bytes.
func TestValueDamage(t *testing.T) {
	for _, size := range valueSizes {
		for _, repeat := range []uint8{0, 100} {
			v := AppendValue(nil, 77, 9, size, repeat)
			for bit := range 8 * min(size, 200) {
				free := bit/8 >= 8 && bit/8 < 12 || bit/8 == 15
				if free && size >= 16 && size < 24 {
					continue
				}
				v[bit/8] ^= 1 << (bit % 8)
				if err := CheckValue(v, 77, size); !errors.Is(err, ErrWrongValue) {
					t.Errorf("size %d repeat %d: bit %d flipped: %v", size, repeat, bit, err)
				}
				v[bit/8] ^= 1 << (bit % 8)
			}
		}
	}
}

func TestValueErrors(t *testing.T) {
	v := AppendValue(nil, 77, 9, 100, 0)
	damaged := bytes.Clone(v)
	damaged[50] ^= 0xff
	for _, c := range []struct {
		value []byte
		want  string
	}{
		{v[:99], "key index 77: 99 bytes, want 100"},
		{AppendValue(nil, 78, 9, 100, 0), "key index 77: offset 0: it belongs to index 78"},
		{damaged, "key index 77 version 9: offset 50 of 100: found"},
	} {
		if err := CheckValue(c.value, 77, 100); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// TestCompressible packs values into 4 KB blocks, as a table would, and compares
// zstd's ratio with what the option promises, 6% either way.
func TestCompressible(t *testing.T) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		repeat    uint8
		size      int
		remaining float64
	}{{0, 1000, 1}, {128, 1000, 0.5}, {0, 100, 0.94}, {192, 4000, 0.25}} {
		var block []byte
		for i := range uint64(40) {
			block = AppendValue(block, i*7919, uint32(i), c.size, c.repeat)
		}
		ratio := float64(len(enc.EncodeAll(block, nil))) / float64(len(block))
		if ratio < c.remaining-0.06 || ratio > c.remaining+0.06 {
			t.Errorf("values of %d with repeat %d: zstd leaves %.3f, want about %.2f", c.size, c.repeat, ratio, c.remaining)
		}
	}
}
