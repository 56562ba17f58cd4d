package mmap

import (
	"os"

	"golang.org/x/sys/unix"

	"lsmlab/harness/micro"
)

// reader reads pieces of one size. It is used by one thread.
type reader interface {
	// prepare makes it ready for a file of length bytes, and again after release.
	prepare(length int64) error
	// read calls look with the piece at an offset, which is valid until look returns.
	read(at int64, look func(b []byte)) error
	release() error
}

// contender is a reader that can be made.
type contender struct {
	micro.Contender
	open func(f *os.File, size int64) reader
}

var contenders = []contender{
	{micro.Contender{Name: "pread", Own: true, About: "pread(2) into a buffer that is used again"}, func(f *os.File, size int64) reader { return &pread{f: f, size: size, buffer: make([]byte, size)} }},
	{micro.Contender{Name: "pread-alloc", Own: true, About: "pread(2) into a new buffer for each read"}, func(f *os.File, size int64) reader { return &pread{f: f, size: size} }},
	{micro.Contender{Name: "mmap", Own: true, About: "a view of a mapping of the whole file, made once"}, func(f *os.File, size int64) reader { return &mapped{f: f, size: size} }},
	{micro.Contender{Name: "mmap-each", Own: true, About: "a mapping of the piece for each read"}, func(f *os.File, size int64) reader { return &mapEach{f: f, size: size} }},
	{micro.Contender{Name: "mmap-populate", Own: true, About: "a mapping of the piece for each read, with MAP_POPULATE: all its pages at once"}, func(f *os.File, size int64) reader {
		return &mapEach{f: f, size: size, flags: unix.MAP_POPULATE}
	}},
}

type pread struct {
	f      *os.File
	size   int64
	buffer []byte // nil: a new one for each read
}

func (p *pread) prepare(int64) error { return nil }
func (p *pread) release() error      { return nil }

func (p *pread) read(at int64, look func(b []byte)) error {
	b := p.buffer
	if b == nil {
		b = make([]byte, p.size)
	}
	if _, err := p.f.ReadAt(b, at); err != nil {
		return err
	}
	look(b)
	return nil
}

type mapped struct {
	f    *os.File
	size int64
	view []byte
}

func (m *mapped) prepare(length int64) (err error) {
	m.view, err = unix.Mmap(int(m.f.Fd()), 0, int(length), unix.PROT_READ, unix.MAP_SHARED)
	return err
}

func (m *mapped) read(at int64, look func(b []byte)) error {
	look(m.view[at : at+m.size])
	return nil
}

func (m *mapped) release() error {
	if m.view == nil {
		return nil
	}
	view := m.view
	m.view = nil
	return unix.Munmap(view)
}

type mapEach struct {
	f     *os.File
	size  int64
	flags int
}

func (m *mapEach) prepare(int64) error { return nil }
func (m *mapEach) release() error      { return nil }

func (m *mapEach) read(at int64, look func(b []byte)) error {
	b, err := unix.Mmap(int(m.f.Fd()), at, int(m.size), unix.PROT_READ, unix.MAP_SHARED|m.flags)
	if err != nil {
		return err
	}
	look(b)
	return unix.Munmap(b)
}
