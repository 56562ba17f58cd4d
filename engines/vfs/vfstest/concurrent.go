package vfstest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"lsmlab/engines/vfs"
)

// testConcurrent runs goroutines that write, read, map and sync stripes of one file, a
// stripe each, and that create and remove files of their own. It fails on a wrong byte.
// Run it under -race.
func testConcurrent(x *fixture) {
	const workers, stripe, rounds = 4, 6000, 20
	f := x.create("shared", "")
	defer f.Close()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for r := range rounds {
				data := bytes.Repeat([]byte{byte(w*rounds + r)}, stripe)
				if err := stripeRound(f, int64(w*stripe), data); err != nil {
					x.Errorf("worker %d, round %d: %v", w, r, err)
					return
				}
				if err := ownFileRound(x, x.path(fmt.Sprintf("own-%d", w))); err != nil {
					x.Errorf("worker %d, round %d: %v", w, r, err)
					return
				}
			}
		})
	}
	wg.Wait()
	x.list(".", "shared")
}

// ownFileRound makes a file and removes it.
func ownFileRound(x *fixture, name string) error {
	f, err := x.fs.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), x.fs.SyncDir(x.dir), x.fs.Remove(name))
}

// stripeRound writes data at off and checks that it reads back in every way.
func stripeRound(f vfs.File, off int64, data []byte) error {
	if _, err := f.WriteAt(data, off); err != nil {
		return err
	}
	if err := f.SyncData(); err != nil {
		return err
	}
	got := make([]byte, len(data))
	if _, err := f.ReadAt(got, off); err != nil && !bytes.Equal(got, data) {
		return err
	}
	if !bytes.Equal(got, data) {
		return errors.New("read back other bytes than were written")
	}
	m, err := f.Map()
	if err != nil {
		return err
	}
	if !bytes.Equal(m.Bytes()[off:][:len(data)], data) {
		return errors.New("the mapping has other bytes than were written")
	}
	return m.Unmap()
}
