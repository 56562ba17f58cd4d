package vm

import (
	"errors"
	"io"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/vm/nbd"
)

// memoryDisk is a disk of the guest in the memory of this process, reached over
// NBD. Its image may be exchanged while the guest does not use it. It serves one
// machine after the other and is safe for concurrent use.
type memoryDisk struct {
	mu    sync.Mutex
	image *blocklog.Image
	size  int64
}

func newMemoryDisk(image *blocklog.Image) *memoryDisk {
	return &memoryDisk{image: image.Clone(), size: image.Size()}
}

// exchange puts another image of the same size in.
func (d *memoryDisk) exchange(image *blocklog.Image) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.image = image.Clone()
}

// Size implements [nbd.Disk].
func (d *memoryDisk) Size() int64 { return d.size }

// Read implements [nbd.Disk].
func (d *memoryDisk) Read(p []byte, offset int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.image.ReadAt(p, offset)
	return nil
}

// Write implements [nbd.Disk].
func (d *memoryDisk) Write(p []byte, offset int64, _ bool) nbd.Completion {
	return func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.image.WriteAt(p, offset)
		return nil
	}
}

// Zero implements [nbd.Disk].
func (d *memoryDisk) Zero(offset, length int64, _ bool) nbd.Completion {
	return func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.image.Zero(offset, length)
		return nil
	}
}

// Flush implements [nbd.Disk].
func (d *memoryDisk) Flush() nbd.Completion { return func() error { return nil } }

// recordedDisk records the operations on a disk.
type recordedDisk struct {
	nbd.Disk
	recorder *blocklog.Recorder
}

// Write implements [nbd.Disk].
func (d recordedDisk) Write(p []byte, offset int64, fua bool) nbd.Completion {
	return d.completion(d.recorder.Write(offset, p, fua), d.Disk.Write(p, offset, fua))
}

// Zero implements [nbd.Disk].
func (d recordedDisk) Zero(offset, length int64, fua bool) nbd.Completion {
	return d.completion(d.recorder.Zero(offset, length, fua), d.Disk.Zero(offset, length, fua))
}

// Flush implements [nbd.Disk].
func (d recordedDisk) Flush() nbd.Completion {
	return d.completion(d.recorder.Flush(), d.Disk.Flush())
}

// completion records that the operation is done before the guest knows of it.
func (d recordedDisk) completion(op int64, complete nbd.Completion) nbd.Completion {
	return func() error {
		err := complete()
		if err == nil {
			d.recorder.Done(op)
		}
		return err
	}
}

// recordImage records the content of an image as durable, and returns the
// position after it.
func recordImage(r *blocklog.Recorder, image *blocklog.Image) (from int64) {
	for i := range image.Blocks() {
		offset := int64(i) * blocklog.BlockSize
		if b := image.Block(i); b != nil {
			r.Done(r.Write(offset, b[:min(blocklog.BlockSize, image.Size()-offset)], false))
		}
	}
	r.Done(r.Flush())
	return r.Mark("formatted")
}

// readImage reads a disk file as an image.
func readImage(f *os.File) (*blocklog.Image, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	image := blocklog.NewImage(size)
	block := make([]byte, blocklog.BlockSize)
	for offset := int64(0); ; offset += blocklog.BlockSize {
		offset, err = f.Seek(offset, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // no more data
			return image, nil
		}
		if err != nil {
			return nil, err
		}
		offset -= offset % blocklog.BlockSize
		n, err := f.ReadAt(block, offset)
		if err != nil && err != io.EOF {
			return nil, err
		}
		image.WriteAt(block[:n], offset)
	}
}

// writeImage returns a file in memory with the content of an image.
func writeImage(image *blocklog.Image) (*os.File, error) {
	f, err := memoryFile()
	if err != nil {
		return nil, err
	}
	err = f.Truncate(image.Size())
	for i := 0; i < image.Blocks() && err == nil; i++ {
		if b := image.Block(i); b != nil {
			_, err = f.WriteAt(b, int64(i)*blocklog.BlockSize)
		}
	}
	if err != nil {
		release(f)
		return nil, err
	}
	return f, nil
}

// nbdSource is a disk that this process serves to one machine.
type nbdSource struct {
	disk nbd.Disk
	done chan error // receives what ended the serving
}

func newNBDSource(d nbd.Disk) *nbdSource { return &nbdSource{d, make(chan error, 1)} }

// wait waits until the connection to the machine is closed. The machine must have ended.
func (s *nbdSource) wait() error { return <-s.done }

func (s *nbdSource) blockdev(add func(*os.File) int) (map[string]any, error) {
	ours, theirs, err := socketPair("disk")
	if err != nil {
		return nil, err
	}
	go func() {
		defer release(ours)
		s.done <- nbd.Serve(ours, s.disk)
	}()
	return map[string]any{
		"driver": "nbd", "server": map[string]any{"type": "fd", "str": strconv.Itoa(add(theirs))},
	}, nil
}
