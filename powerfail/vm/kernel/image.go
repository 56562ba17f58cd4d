package kernel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Numbers of the Linux boot protocol (Documentation/x86/boot.rst), little-endian.
const (
	setupSectors  = 0x1f1 // uint8: sectors of 512 bytes before the part that the payload is counted from, less one
	headerMagic   = 0x202 // "HdrS"
	payloadOffset = 0x248 // uint32
	payloadLength = 0x24c // uint32; the last four bytes are the size of what is compressed
	headerEnd     = 0x250
)

// unpackImage writes the ELF kernel that is compressed in a bzImage to a file,
// which appears when it is whole. QEMU boots it by PVH: to unpack it under
// emulation takes 0.4 s of every boot.
func unpackImage(bzImage, vmlinux string) error {
	data, err := os.ReadFile(bzImage)
	if err != nil {
		return err
	}
	elf, err := payload(data)
	if err != nil {
		return fmt.Errorf("%s: %w", bzImage, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(vmlinux), "unpack-") // another process may be at it too
	if err != nil {
		return err
	}
	_, err = tmp.Write(elf)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), vmlinux)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first error says more
	}
	return err
}

// payload returns what is compressed in a bzImage.
func payload(image []byte) ([]byte, error) {
	if len(image) < headerEnd || string(image[headerMagic:headerMagic+4]) != "HdrS" {
		return nil, errors.New("not a bzImage")
	}
	const sector, sizeOfSize = 512, 4
	little := binary.LittleEndian
	from := (int64(image[setupSectors])+1)*sector + int64(little.Uint32(image[payloadOffset:]))
	to := from + int64(little.Uint32(image[payloadLength:])) - sizeOfSize
	if to < from || to+sizeOfSize > int64(len(image)) {
		return nil, fmt.Errorf("payload from %d to %d in %d bytes", from, to, len(image))
	}
	elf, err := decompress(image[from:to])
	if err != nil {
		return nil, err
	}
	if size := int(little.Uint32(image[to:])); len(elf) != size {
		return nil, fmt.Errorf("%d bytes unpacked, want %d", len(elf), size)
	}
	return elf, nil
}

// decompress knows the two formats of Debian's kernels.
func decompress(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0x02, 0x21, 0x4c, 0x18}):
		return io.ReadAll(lz4.NewReader(bytes.NewReader(data)))
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		return io.ReadAll(d)
	}
	return nil, errors.New("payload is neither lz4 nor zstd")
}
