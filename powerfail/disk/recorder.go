package disk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"lsmlab/powerfail/subject"
)

// recorder is a recorded disk with a mounted file system: the process of
// [Serve], a loop device on its file, and the mount. Its marks may come from
// several goroutines one at a time.
type recorder struct {
	stage   string // its directory
	server  *exec.Cmd
	control io.WriteCloser
	answers *bufio.Scanner
	trouble subject.Tail  // standard error of the server
	ended   chan struct{} // closed when the server has ended
	status  error         // of the server, once ended is closed
	device  string
	mounted string // mount point, "" if not mounted
}

// startRecorder starts the server of a source, which must run [Serve] with what is
// appended to its command, and mounts the file system.
func startRecorder(stage *Stage, s Source, log string) (r *recorder, err error) {
	served, err := stage.mkdir("fuse")
	if err != nil {
		return nil, err
	}
	what := Served{Dir: served, Size: s.Size, Log: log, Fail: s.Fail}
	if s.Base != nil {
		if what.Base, err = stage.writeImage(s.Base); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.Remove(what.Base)) }()
	}
	argv := append(s.Server[:len(s.Server):len(s.Server)], what.arguments()...)
	// It outlives a cut run until close, so that what is mounted can be unmounted.
	r = &recorder{stage: stage.Dir, server: stage.command(context.Background(), argv...)}
	r.server.Stderr = &r.trouble
	if r.control, err = r.server.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.answers = bufio.NewScanner(out)
	if err := r.server.Start(); err != nil {
		return nil, err
	}
	r.ended = make(chan struct{})
	go func() {
		r.status = r.server.Wait()
		close(r.ended)
	}()
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if err := r.answer(); err != nil {
		return nil, err
	}
	return r, r.mount(stage, s, filepath.Join(served, diskName))
}

// mount puts a loop device on the served file, makes a file system on that unless
// there is one, and mounts it.
func (r *recorder) mount(stage *Stage, s Source, served string) error {
	file, err := os.OpenFile(served, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	r.device, err = attach(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if s.Base == nil {
		if err := s.FileSystem.format(r.device); err != nil {
			return err
		}
	}
	point, err := stage.mkdir("mnt")
	if err != nil {
		return err
	}
	if err := s.FileSystem.mount(r.device, point); err != nil {
		if s.Base != nil {
			return &RefusedError{err}
		}
		return err
	}
	r.mounted = point
	return nil
}

// mark notes text in the log, and returns once it stands there.
func (r *recorder) mark(text string) error {
	if _, err := fmt.Fprintln(r.control, text); err != nil {
		return fmt.Errorf("mark the block log: %w", r.explain(err))
	}
	return r.answer()
}

// answer waits for a line of the server.
func (r *recorder) answer() error {
	if r.answers.Scan() {
		return nil
	}
	err := r.answers.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("server of the recorded disk: %w", r.explain(err))
}

// explain adds what the server said before it ended.
func (r *recorder) explain(err error) error {
	_ = r.control.Close() // the end of control is the end of the server
	<-r.ended
	if said := r.trouble.String(); said != "" {
		return fmt.Errorf("%w: %s", err, said)
	}
	return fmt.Errorf("%w: %w", err, r.status)
}

// close unmounts, detaches and ends the server, which ends the log. It does all
// of that whatever fails.
func (r *recorder) close() (err error) {
	if r.mounted != "" {
		err = unmount(r.mounted)
	}
	if r.device != "" {
		err = errors.Join(err, detach(r.device, r.stage))
	}
	_ = r.control.Close() // closed already if the server is gone, whose status says so
	<-r.ended
	if r.status != nil {
		err = errors.Join(err, fmt.Errorf("server of the recorded disk: %w: %s", r.status, r.trouble.String()))
	}
	return err
}

// guard returns a context that ends with ctx, or when the server does: a
// workload must not wait for a disk that is gone.
func (r *recorder) guard(ctx context.Context) (context.Context, context.CancelFunc) {
	return Guard(ctx, r.ended, errors.New("the recorded disk is gone"))
}
