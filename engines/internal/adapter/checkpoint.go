package adapter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lsmlab/engines/kv"
)

// MakeCheckpoint does the work of [kv.Checkpointer] on the file system of the operating system, for
// a library that does not sync what it copies: f makes the store in dir, which is there
// and empty.
func (e *Engine) MakeCheckpoint(dir string, f func(dir string) error) error {
	s := e.gate.enter()
	if s == nil {
		return kv.ErrClosed
	}
	defer s.leave()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	err := f(dir)
	if err == nil {
		err = syncTree(dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("checkpoint: %w", err), os.RemoveAll(dir))
	}
	return nil
}

// syncTree syncs all files and directories of dir, and the entry of dir itself.
func syncTree(dir string) error {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, syncFile(path))
	})
	return errors.Join(err, syncFile(filepath.Dir(dir)))
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
