// Package mmap races ways to read pieces of a file: read(2) into a buffer against views of a
// mapping (kind "mmap").
//
// A reader gets a piece at a random place and then either touches one byte of each of its
// pages or adds all of its words up: a view has cost nothing until someone looks at it. The
// file is in the page cache ("hot"), or it is taken out of it before every read ("cold"),
// which is charged to no read.
package mmap

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"lsmlab/harness/micro"
	"lsmlab/harness/result"
)

// Figures of page faults, for each read: those served from memory and those that waited for
// the disk.
const (
	minorFaults = "minor_faults_per_op"
	majorFaults = "major_faults_per_op"
)

// work is how large a piece is and what is done to it.
type work struct {
	micro.Work
	size  int64
	cold  bool
	sum   bool  // of all words; else one byte of each page is touched
	batch int64 // reads a step
}

const (
	kib4  = 4 << 10
	mib   = 1 << 20
	mib16 = 16 << 20
	page  = 4 << 10
)

var works = []work{
	{micro.Work{Name: "hot-4k", About: "4 KiB in the page cache, a byte of each page"}, kib4, false, false, 64},
	{micro.Work{Name: "hot-1m", About: "1 MiB in the page cache, a byte of each page"}, mib, false, false, 1},
	{micro.Work{Name: "hot-16m", About: "16 MiB in the page cache, a byte of each page"}, mib16, false, false, 1},
	{micro.Work{Name: "sum-4k", About: "4 KiB in the page cache, every word"}, kib4, false, true, 64},
	{micro.Work{Name: "sum-1m", About: "1 MiB in the page cache, every word"}, mib, false, true, 1},
	{micro.Work{Name: "sum-16m", About: "16 MiB in the page cache, every word"}, mib16, false, true, 1},
	{micro.Work{Name: "cold-4k", About: "4 KiB that are not in the page cache"}, kib4, true, false, 1},
	{micro.Work{Name: "cold-1m", About: "1 MiB that is not in the page cache"}, mib, true, false, 1},
	{micro.Work{Name: "cold-16m", About: "16 MiB that are not in the page cache"}, mib16, true, false, 1},
}

// Kind returns the readers as contenders of the kind "mmap". Keys of a job are the MiB of
// the file, which has one piece at least.
func Kind() micro.Kind {
	k := micro.Kind{Name: "mmap", About: "ways to read a piece of a file; keys are the MiB of the file", Measure: micro.Loop(prepare)}
	for _, c := range contenders {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	for _, w := range works {
		k.Works = append(k.Works, w.Work)
	}
	return k
}

// job is a cell's file.
type job struct {
	work
	open   func(f *os.File, size int64) reader
	file   *os.File
	length int64
	seed   uint64
	states []*state // of the threads
}

// state is one thread's.
type state struct {
	reader
	rng *rand.PCG
}

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	c := contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.Name == j.Contender })]
	w := works[slices.IndexFunc(works, func(w work) bool { return w.Name == j.Work })]
	o := &job{work: w, open: c.open, length: max(j.Keys*mib/w.size*w.size, w.size), seed: j.Seed, states: make([]*state, j.Threads)}
	if err := o.makeFile(ctx, filepath.Join(j.Dir, "file")); err != nil {
		return nil, errors.Join(err, o.close())
	}
	before := faults()
	t := &micro.Task{Thread: o.thread, Batch: w.batch, Close: o.close, Figures: func(c *result.Cell) error {
		after, n := faults(), float64(c.Ops)
		c.Figures = map[string]float64{minorFaults: float64(after.minor-before.minor) / n, majorFaults: float64(after.major-before.major) / n}
		return nil
	}}
	if w.cold {
		t.Between = o.drop
	}
	return t, nil
}

// makeFile writes the file, whose bytes do not compress, and syncs it: pages that are not
// on the disk cannot be dropped. It is in the page cache then.
func (o *job) makeFile(ctx context.Context, path string) (err error) {
	if o.file, err = os.Create(path); err != nil {
		return err
	}
	rng := rand.NewChaCha8([32]byte{byte(o.seed), 1})
	b := make([]byte, o.size)
	for at := int64(0); at < o.length; at += o.size {
		rng.Read(b)
		if _, err := o.file.WriteAt(b, at); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return o.file.Sync()
}

// close removes the file.
func (o *job) close() error {
	if o.file == nil {
		return nil
	}
	var errs []error
	for _, s := range o.states {
		if s != nil {
			errs = append(errs, s.release())
		}
	}
	return errors.Join(append(errs, o.file.Close(), os.Remove(o.file.Name()))...)
}

// drop takes the file out of the page cache. A mapping holds its pages there, so a thread's
// own is made anew.
func (o *job) drop(thread int) error {
	s := o.states[thread]
	if err := s.release(); err != nil {
		return err
	}
	if err := unix.Fadvise(int(o.file.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("drop the page cache: %w", err)
	}
	return s.prepare(o.length)
}

func (o *job) thread(i int) (micro.Step, error) {
	s := &state{o.open(o.file, o.size), rand.NewPCG(o.seed, uint64(i))}
	if err := s.prepare(o.length); err != nil {
		return nil, err
	}
	o.states[i] = s
	pieces := uint64(o.length / o.size)
	look := touch
	if o.sum {
		look = sum
	}
	var seen uint64
	return func() error {
		for range o.batch {
			got := int64(0)
			err := s.read(int64(s.rng.Uint64()%pieces)*o.size, func(b []byte) { seen, got = seen+look(b), int64(len(b)) })
			if err != nil || got != o.size {
				return fmt.Errorf("%d of %d bytes: %w", got, o.size, err)
			}
		}
		return nil
	}, nil
}

// touch looks at one byte of each page.
func touch(b []byte) (seen uint64) {
	for at := 0; at < len(b); at += page {
		seen += uint64(b[at])
	}
	return seen
}

// sum adds all words up.
func sum(b []byte) (seen uint64) {
	for ; len(b) >= 8; b = b[8:] {
		seen += binary.LittleEndian.Uint64(b)
	}
	return seen
}

// counts are page faults of this process.
type counts struct{ minor, major int64 }

func faults() counts {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return counts{}
	}
	return counts{u.Minflt, u.Majflt}
}
