package disk

import (
	"errors"
	"os"
	"path/filepath"
)

// recorder is a recorded disk with a mounted file system: the process of
// [Serve], a loop device on its file, and the mount.
type recorder struct {
	*Server
	stage   string // its directory
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
	r = &recorder{stage: stage.Dir}
	if r.Server, err = StartServer(stage, "recorded disk", append(s.Server[:len(s.Server):len(s.Server)], what.arguments()...)...); err != nil {
		return nil, err
	}
	if err := r.mount(stage, s, filepath.Join(served, diskName)); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// mount attaches a loop device to the served file, makes a file system on it unless it has
// one, and mounts that file system.
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

// close unmounts the file system, detaches the device and ends the server, which ends the
// log. If one step fails, the others are still done.
func (r *recorder) close() (err error) {
	if r.mounted != "" {
		err = unmount(r.mounted)
	}
	if r.device != "" {
		err = errors.Join(err, detach(r.device, r.stage))
	}
	return errors.Join(err, r.Close())
}
