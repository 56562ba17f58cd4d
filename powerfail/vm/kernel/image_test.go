package kernel

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// bzImage returns an image of two setup sectors that holds a payload.
func bzImage(payload []byte, size int) []byte {
	const setup, gap = 2 * 512, 100
	image := make([]byte, setup+gap, setup+gap+len(payload)+4)
	image[setupSectors] = 1
	copy(image[headerMagic:], "HdrS")
	binary.LittleEndian.PutUint32(image[payloadOffset:], gap)
	binary.LittleEndian.PutUint32(image[payloadLength:], uint32(len(payload)+4))
	return binary.LittleEndian.AppendUint32(append(image, payload...), uint32(size))
}

func packed(t *testing.T, w io.WriteCloser, to *bytes.Buffer, text string) []byte {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

func TestUnpackImage(t *testing.T) {
	want := strings.Repeat("kernel ", 1000)
	var a, b bytes.Buffer
	l := lz4.NewWriter(&a)
	if err := l.Apply(lz4.LegacyOption(true)); err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "vmlinuz"), filepath.Join(dir, "vmlinux")
	for name, p := range map[string][]byte{"lz4": packed(t, l, &a, want), "zstd": packed(t, z, &b, want)} {
		if err := os.WriteFile(from, bzImage(p, len(want)), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := unpackImage(from, to); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := os.ReadFile(to); err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 2 {
			t.Errorf("%s: %d files are left", name, len(entries))
		}
	}
}

func TestPayloadOfSomethingElse(t *testing.T) {
	good := bzImage([]byte("????payload"), 7)
	short := slices.Clone(good)
	binary.LittleEndian.PutUint32(short[payloadLength:], 1)
	for _, c := range []struct {
		image []byte
		want  string
	}{
		{nil, "not a bzImage"},
		{make([]byte, headerEnd), "not a bzImage"},
		{good, "neither lz4 nor zstd"},
		{good[:len(good)-1], "payload from"},
		{short, "payload from"},
		{bzImage([]byte{0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3}, 7), ""},
	} {
		if _, err := payload(c.image); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d bytes: %v, want %q", len(c.image), err, c.want)
		}
	}
}
