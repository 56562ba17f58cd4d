package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/disk"
)

// server is the process of [Serve] and the directory that it serves.
type server struct {
	*disk.Server
	behind string // the plain directory
	served string
	memory bool // behind lies on a file system of its own
}

// startServer starts argv, which must call [Serve] with the directories, the fault
// and the log that are appended. fill puts into the plain directory what is there at
// first.
func startServer(stage *disk.Stage, argv []string, fault disk.Fault, log string, fill func(dir string) error) (s *server, err error) {
	s = &server{}
	if s.behind, err = stage.Mkdir("behind"); err != nil {
		return nil, err
	}
	if s.served, err = stage.Mkdir("served"); err != nil {
		return nil, err
	}
	s.memory = unix.Mount("tmpfs", s.behind, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "") == nil // it is as good without, and slower
	if err = fill(s.behind); err == nil {
		argv = append(argv[:len(argv):len(argv)], s.served, s.behind, fault.String(), log)
		s.Server, err = disk.StartServer(stage, "recorded directory", argv...)
	}
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// syncAll logs that everything was synced, stores to mappings included.
func (s *server) syncAll() error {
	dir, err := os.Open(s.served)
	if err != nil {
		return err
	}
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return errors.Join(fmt.Errorf("sync %s: %w", s.served, err), dir.Close())
	}
	return errors.Join(s.Mark(syncMark), dir.Close())
}

// close unmounts and ends the process, which ends the log.
func (s *server) close() error { return errors.Join(s.Close(), s.release()) }

// release unmounts the plain directory.
func (s *server) release() error {
	if !s.memory {
		return nil
	}
	return unmount(s.behind)
}

func unmount(dir string) error {
	if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", filepath.Base(dir), err)
	}
	return nil
}
