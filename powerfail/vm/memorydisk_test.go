package vm

import (
	"testing"

	"lsmlab/powerfail/blocklog"
)

// An image that goes through a file comes back as it was.
func TestImageFiles(t *testing.T) {
	image := blocklog.NewImage(8 * blocklog.BlockSize)
	image.WriteAt([]byte("one"), 5)
	image.WriteAt([]byte("two"), 4*blocklog.BlockSize-1) // over an edge, after a hole
	f, err := writeImage(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := readImage(f)
	if err != nil {
		t.Fatal(err)
	}
	if got.Size() != image.Size() || got.Fingerprint() != image.Fingerprint() {
		t.Errorf("size %d, fingerprint %x; want %d, %x", got.Size(), got.Fingerprint(), image.Size(), image.Fingerprint())
	}
}

// A recorded disk does what it is asked and has it in its log, with the moment of
// completion.
func TestRecordedDisk(t *testing.T) {
	var text logBuffer
	recorder := blocklog.NewRecorder(&text, 8192)
	inner := newMemoryDisk(blocklog.NewImage(8192))
	d := recordedDisk{inner, recorder}
	write, flush := d.Write([]byte("data"), 512, true), d.Flush()
	zero := d.Zero(513, 1, false)
	for _, complete := range []func() error{write, zero} {
		if err := complete(); err != nil {
			t.Fatal(err)
		}
	}
	_ = flush // never completes
	got := make([]byte, 4)
	if err := d.Read(got, 512); err != nil || string(got) != "d\x00ta" {
		t.Errorf("read %q, %v", got, err)
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := blocklog.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	w, f, z := log.Ops[0], log.Ops[1], log.Ops[2]
	if string(w.Data) != "data" || !w.FUA || w.Issued != 1 || w.Done != 4 || f.Done != blocklog.Never || z.Length != 1 || z.Done != 5 {
		t.Errorf("log %+v", log.Ops)
	}
	inner.exchange(blocklog.NewImage(8192))
	if err := d.Read(got, 512); err != nil || string(got) != "\x00\x00\x00\x00" {
		t.Errorf("after another disk was put in: %q, %v", got, err)
	}
}

// logBuffer is a log in memory.
type logBuffer []byte

func (b *logBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
