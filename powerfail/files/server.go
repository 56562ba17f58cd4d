package files

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/subject"
)

// server is the process of [Serve] and the directory that it serves.
type server struct {
	mu      sync.Mutex // of marks
	process *exec.Cmd
	control io.WriteCloser
	answers *bufio.Scanner
	trouble subject.Tail // standard error of the process
	ended   chan struct{}
	status  error  // of the process, once ended is closed
	behind  string // the plain directory
	served  string
	memory  bool // behind lies on a file system of its own
}

// startServer starts argv, which must call [Serve] with the directories, the fault
// and the log that are appended. fill puts into the plain directory what is there at
// first.
func startServer(stage *disk.Stage, argv []string, fault disk.Fault, log string, fill func(dir string) error) (s *server, err error) {
	s = &server{ended: make(chan struct{})}
	memory, err := stage.Mkdir("behind")
	if err != nil {
		return nil, err
	}
	s.memory = unix.Mount("tmpfs", memory, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "") == nil // it is as good without, and slower
	if s.served, err = stage.Mkdir("served"); err != nil {
		return nil, err
	}
	s.behind = memory
	if err := fill(memory); err != nil {
		return nil, err
	}
	argv = append(argv[:len(argv):len(argv)], s.served, memory, fault.String(), log)
	s.process = stage.Command(context.Background(), argv...) // outlives a cut run until close
	s.process.Stderr = &s.trouble
	if s.control, err = s.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.answers = bufio.NewScanner(out)
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.status = s.process.Wait()
		close(s.ended)
	}()
	if !s.answers.Scan() {
		return nil, s.close()
	}
	return s, nil
}

// mark notes text in the log, and returns once it stands there.
func (s *server) mark(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := fmt.Fprintln(s.control, text)
	if err == nil && s.answers.Scan() {
		return nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return errors.Join(fmt.Errorf("mark the operation log: %w", err), s.close())
}

// syncAll notes that all is synced, with what lies in mappings.
func (s *server) syncAll() error {
	dir, err := os.Open(s.served)
	if err != nil {
		return err
	}
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return errors.Join(fmt.Errorf("sync %s: %w", s.served, err), dir.Close())
	}
	return errors.Join(s.mark(syncMark), dir.Close())
}

// close unmounts and ends the process, which ends the log.
func (s *server) close() (err error) {
	_ = s.control.Close() // closed already if the process is gone, whose status says so
	<-s.ended
	if s.status != nil {
		err = fmt.Errorf("server of the recorded directory: %w: %s", s.status, s.trouble.String())
	}
	if s.memory {
		s.memory = false
		err = errors.Join(err, unmount(s.behind))
	}
	return err
}

func unmount(dir string) error {
	if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", filepath.Base(dir), err)
	}
	return nil
}

// guard returns a context that ends with ctx, or when the process does: a program
// must not wait for a directory that is gone.
func (s *server) guard(ctx context.Context) (context.Context, context.CancelFunc) {
	return disk.Guard(ctx, s.ended, errors.New("the recorded directory is gone"))
}
