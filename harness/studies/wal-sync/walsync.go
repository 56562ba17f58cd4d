// Package walsync races ways to make records of a log durable (kind "wal-sync"): the call
// that syncs, how many records share one sync, and what the file was before.
//
// Every thread appends to a file of its own. A step writes one group of records by one
// positioned write and syncs it. A file that is full is made ready again before the next
// step; that is charged to no operation.
package walsync

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"lsmlab/harness/micro"
)

// contender is a way to sync.
type contender struct {
	micro.Contender
	flag int // of open
	sync func(f *os.File) error
}

var contenders = []contender{
	{micro.Contender{Name: "fdatasync", About: "fdatasync(2) after the write"}, 0, func(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }},
	{micro.Contender{Name: "fsync", About: "fsync(2) after the write"}, 0, (*os.File).Sync},
	{micro.Contender{Name: "odsync", About: "the write itself, to a file opened with O_DSYNC"}, unix.O_DSYNC, func(*os.File) error { return nil }},
	{micro.Contender{Name: "none", About: "the write alone: a power failure takes it"}, 0, func(*os.File) error { return nil }},
}

// states are what a file was before it is written to, and how it gets there. All but the
// first have the size of a segment.
var states = []struct {
	name, about string
	make        func(f *os.File, size int64) error
}{
	{"fresh", "a new file that grows", func(f *os.File, _ int64) error { return f.Truncate(0) }},
	{"preallocated", "a new file whose blocks are allocated and not written", func(f *os.File, size int64) error {
		if err := f.Truncate(0); err != nil {
			return err
		}
		return unix.Fallocate(int(f.Fd()), 0, 0, size)
	}},
	{"zeroed", "a file of zeros that are on the disk", func(f *os.File, size int64) error { return fill(f, size, 0) }},
	{"recycled", "an old file, full of other records", func(f *os.File, size int64) error { return fill(f, size, 1) }},
}

// fill overwrites the file with zeros, or with bytes that do not compress.
func fill(f *os.File, size int64, seed byte) error {
	b := make([]byte, size)
	if seed != 0 {
		rand.NewChaCha8([32]byte{seed}).Read(b)
	}
	_, err := f.WriteAt(b, 0)
	return err
}

var groups = []int{1, 8, 32, 128}

// work is a state and a group.
type work struct {
	micro.Work
	make  func(f *os.File, size int64) error
	group int
}

func works() (all []work) {
	for _, s := range states {
		for _, g := range groups {
			all = append(all, work{micro.Work{Name: fmt.Sprintf("%s-%d", s.name, g), About: fmt.Sprintf("%s; %d records a sync", s.about, g)}, s.make, g})
		}
	}
	return all
}

// Kind returns the ways to sync as contenders of the kind "wal-sync". Keys of a job are the
// MiB of a segment, ValueSize the bytes of a record.
func Kind() micro.Kind {
	k := micro.Kind{
		Name: "wal-sync", About: "ways to make records of a log durable; keys are the MiB of a segment", Measure: micro.Loop(prepare),
		ValueSize: 128, // 16 + 100 of a user, and what a log adds
	}
	for _, c := range contenders {
		k.Contenders = append(k.Contenders, c.Contender)
	}
	for _, w := range works() {
		k.Works = append(k.Works, w.Work)
	}
	return k
}

// segment is one thread's file.
type segment struct {
	f    *os.File
	at   int64 // bytes written
	size int64
	make func(f *os.File, size int64) error
}

func prepare(ctx context.Context, j micro.Job) (*micro.Task, error) {
	c := contenders[slices.IndexFunc(contenders, func(c contender) bool { return c.Name == j.Contender })]
	all := works()
	w := all[slices.IndexFunc(all, func(w work) bool { return w.Name == j.Work })]
	group := make([]byte, max(j.ValueSize, 1)*w.group)
	rand.NewChaCha8([32]byte{byte(j.Seed), 2}).Read(group)
	segments := make([]*segment, j.Threads)
	t := &micro.Task{Batch: int64(w.group)}
	t.Thread = func(i int) (micro.Step, error) {
		f, err := os.OpenFile(filepath.Join(j.Dir, fmt.Sprintf("segment-%d", i)), os.O_RDWR|os.O_CREATE|c.flag, 0o644)
		if err != nil {
			return nil, err
		}
		s := &segment{f: f, size: max(j.Keys<<20, int64(len(group))), make: w.make}
		segments[i] = s
		return func() error {
			if _, err := s.f.WriteAt(group, s.at); err != nil {
				return err
			}
			s.at += int64(len(group))
			return c.sync(s.f)
		}, s.renew()
	}
	t.Between = func(i int) error {
		if s := segments[i]; s.at+int64(len(group)) > s.size {
			return s.renew()
		}
		return nil
	}
	t.Close = func() error {
		var errs []error
		for _, s := range segments {
			if s != nil {
				errs = append(errs, s.f.Close(), os.Remove(s.f.Name()))
			}
		}
		return errors.Join(errs...)
	}
	return t, ctx.Err()
}

// renew makes the file what it is to be before it is written to, durably.
func (s *segment) renew() error {
	s.at = 0
	if err := s.make(s.f, s.size); err != nil {
		return err
	}
	return s.f.Sync()
}
