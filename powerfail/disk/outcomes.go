package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// compared is how many bytes of a file are compared at most.
const compared = 4 << 20

// contents is what a directory of a crash state holds: the size of each file and the
// beginning of its bytes.
type contents map[string]content

type content struct {
	size int64
	data []byte
}

// lister is a judge that lists the files of the store, and finds every store sound.
type lister struct{ found contents }

// Judge implements [Judge].
func (l *lister) Judge(_ context.Context, dir string, _ int64) (*oracle.Violation, error) {
	return nil, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		l.found[name], err = read(path)
		return err
	})
}

// Release implements [Judge].
func (*lister) Release() error { return nil }

func read(path string) (c content, err error) {
	f, err := os.Open(path)
	if err != nil {
		return c, err
	}
	info, err := f.Stat()
	if err == nil {
		c.size = info.Size()
		c.data, err = io.ReadAll(io.LimitReader(f, compared))
	}
	return c, errors.Join(err, f.Close())
}

// outcomes says what happened to each file of the store at the cut of the finding: how much
// was written, how much of that a flush had made durable, and how much is left.
func (h *hunt) outcomes() (outcomes []rundir.FileOutcome, err error) {
	c, err := newChecker(h.Stage, h.Kind, h.Log.Size, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.scratch.close()) }()
	position := h.state.position
	list := func(image *blocklog.Image) contents {
		l := lister{contents{}}
		c.judge = &l
		if _, err := c.check(h.ctx, image, position); err != nil {
			return nil // such a state does not mount, and has no files
		}
		return l.found
	}
	given := list(h.generator.make(position, blocklog.Model{}, explore.Newest[blocklog.Site]).image)
	synced := list(h.generator.make(position, blocklog.Model{}, explore.Durable[blocklog.Site]).image)
	left, written := list(h.state.image), h.journal.sizes(position)
	names := map[string]bool{}
	for _, of := range []contents{given, synced, left} {
		for name := range of {
			names[name] = true
		}
	}
	for name := range written {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		f := rundir.FileOutcome{Name: name, Written: -1, Synced: synced.size(name), Left: left.size(name), Differs: -1}
		if n, ok := written[name]; ok {
			f.Written = n
		}
		if f.Left >= 0 && given.size(name) >= 0 {
			f.Differs = differs(left[name].data, given[name].data)
		}
		outcomes = append(outcomes, f)
	}
	return outcomes, nil
}

// size returns the bytes of a file, -1 if it is not there.
func (c contents) size(name string) int64 {
	if f, ok := c[name]; ok {
		return f.size
	}
	return -1
}

// differs returns the first byte that a and b both have and that differs, or -1.
func differs(a, b []byte) int64 {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int64(i)
		}
	}
	return -1
}
