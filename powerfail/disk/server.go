package disk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"

	"lsmlab/powerfail/subject"
)

// Server is a process that serves the recorded disk or directory over FUSE and writes the
// log. It prints a line when it is ready. For each line that it reads, it adds a mark to
// the log and then prints a line. At the end of its input it ends the log and itself.
// Server is safe for concurrent use.
type Server struct {
	what    string // is served, for errors
	process *exec.Cmd
	trouble subject.Tail  // standard error of the process
	ended   chan struct{} // closed when the process has ended
	status  error         // of the process, once ended is closed

	mu      sync.Mutex // of marks
	control io.WriteCloser
	answers *bufio.Scanner
}

// StartServer starts argv, and returns once the process is ready. Errors name what it serves.
func StartServer(stage *Stage, what string, argv ...string) (s *Server, err error) {
	// The process lives on after ctx ended, until Close: as long as the disk is mounted,
	// somebody must serve it.
	s = &Server{what: what, process: stage.command(context.Background(), argv...), ended: make(chan struct{})}
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
	if err := s.answer(); err != nil {
		return nil, err
	}
	return s, nil
}

// Mark adds a mark with the text, which must be one line, to the log. It returns once the
// mark is in the log.
func (s *Server) Mark(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := fmt.Fprintln(s.control, text); err != nil {
		return s.explain(err)
	}
	return s.answer()
}

// answer waits for a line of the process.
func (s *Server) answer() error {
	if s.answers.Scan() {
		return nil
	}
	err := s.answers.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return s.explain(err)
}

// explain ends the process, and adds to an error what the process had printed.
func (s *Server) explain(err error) error {
	_ = s.control.Close() // the end of control is the end of the process
	<-s.ended
	if said := s.trouble.String(); said != "" {
		return fmt.Errorf("server of the %s: %w: %s", s.what, err, said)
	}
	if s.status != nil {
		err = fmt.Errorf("%w: %w", err, s.status)
	}
	return fmt.Errorf("server of the %s: %w", s.what, err)
}

// Close ends the process, which ends the log.
func (s *Server) Close() error {
	_ = s.control.Close() // closed already if the process is gone, whose status says so
	<-s.ended
	if s.status != nil {
		return fmt.Errorf("server of the %s: %w: %s", s.what, s.status, s.trouble.String())
	}
	return nil
}

// Guard returns a context that ends when ctx or the process ends. Without it, a workload would
// wait for ever for a server that has died.
func (s *Server) Guard(ctx context.Context) (context.Context, context.CancelFunc) {
	guarded, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-s.ended:
			cancel(errors.New("the " + s.what + " is gone"))
		case <-guarded.Done():
		}
	}()
	return guarded, func() { cancel(nil) }
}
