package sstable

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// zstdEncoder and zstdDecoder serve the whole process. EncodeAll and DecodeAll may run
// concurrently, and they keep their working memory.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<18), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // wrong options: a bug of this file
		}
		return e
	})
	zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0),
			zstd.WithDecoderMaxMemory(maxContent), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err) // wrong options: a bug of this file
		}
		return d
	})
)

// compress appends the compressed content to dst. If this would save less than 1/8, it
// returns dst and false.
func compress(dst, content []byte) ([]byte, bool) {
	out := zstdEncoder().EncodeAll(content, dst)
	if len(out)-len(dst) > len(content)-len(content)/8 {
		return dst, false
	}
	return out, true
}

// decompress fills a slice of exactly raw bytes, in the memory of dst if that suffices.
// If the input gives more or fewer bytes, the result is an error or has another length.
func decompress(dst, stored []byte, raw int) ([]byte, error) {
	if cap(dst) < raw {
		dst = make([]byte, 0, raw)
	}
	return zstdDecoder().DecodeAll(stored, dst[:0:raw])
}
