package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lsmlab/powerfail/subject"
)

// The names by which everything of a stage can be found: its directory has the prefix, its
// memory files are named after the directory, and its processes have the directory in
// their environment.
const (
	stagePrefix = "lsmlab-disk-"
	stageEnv    = "LSMLAB_DISK_STAGE"
	lockName    = "lock"
)

// Stage is the place of one run: a directory with mount points, and the processes and loop
// devices that belong to it. As long as its owner lives, the owner holds a lock. [Clean]
// finds and releases the stages of dead owners. A Stage is safe for concurrent use.
type Stage struct {
	Dir  string
	lock *os.File
}

// NewStage makes a stage below the directory for temporary files.
func NewStage() (*Stage, error) {
	dir, err := os.MkdirTemp("", stagePrefix)
	if err != nil {
		return nil, err
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, errors.Join(err, os.Remove(dir))
	}
	return &Stage{Dir: dir, lock: lock}, nil
}

// Close releases all that belongs to the stage: it ends processes, unmounts,
// detaches and removes.
func (s *Stage) Close() error {
	return errors.Join(release(s.Dir), s.lock.Close())
}

// mkdir makes a directory in the stage, with a name of its own.
func (s *Stage) mkdir(name string) (string, error) {
	dir, err := os.MkdirTemp(s.Dir, name+"-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// WriteFile writes a file for the processes of the stage and returns its name,
// which ends with the one given and is new.
func (s *Stage) WriteFile(name string, data []byte) (string, error) {
	f, err := os.CreateTemp(s.Dir, "*-"+name)
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	return f.Name(), errors.Join(err, f.Close())
}

// command returns a process of the stage, which [Clean] can find. It has a process group of
// its own, so that Ctrl-C reaches the owner alone. The group is killed when ctx ends.
func (s *Stage) command(ctx context.Context, argv ...string) *exec.Cmd {
	cmd := subject.Command(ctx, argv...)
	cmd.Env = append(os.Environ(), stageEnv+"="+s.Dir)
	return cmd
}

func takeLock(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(&os.PathError{Op: "lock", Path: lock.Name(), Err: err}, lock.Close())
	}
	return lock, nil
}

// release frees whatever belongs to the stage at dir.
func release(dir string) error {
	err := killAll(dir)
	err = errors.Join(err, unmountAll(dir, func(m mountPoint) bool { return m.source != mountSource }))
	loops, loopErr := loopsOf(dir)
	err = errors.Join(err, loopErr)
	for _, device := range loops {
		err = errors.Join(err, detach(device, dir))
	}
	err = errors.Join(err, unmountAll(dir, func(mountPoint) bool { return true })) // the files of the loop devices
	if err != nil {
		return fmt.Errorf("release %s: %w", dir, err) // what is mounted must not be removed
	}
	return os.RemoveAll(dir)
}

// unmountAll unmounts what is mounted in the stage, the latest first.
func unmountAll(dir string, which func(mountPoint) bool) error {
	points, err := mounts(dir + "/")
	for _, m := range points {
		if which(m) {
			err = errors.Join(err, unmount(m.dir))
		}
	}
	return err
}

// killAll ends the processes of the stage and waits until they are gone.
func killAll(dir string) error {
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		pids, err := processes(dir)
		if err != nil || len(pids) == 0 {
			return err
		}
		if time.Since(start) > busyLimit {
			return fmt.Errorf("processes %v of %s do not end", pids, dir)
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
		}
	}
}

// processes returns the processes whose environment has the stage, but this one.
func processes(dir string) (pids []int, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil {
			continue // it ended, or is a zombie
		}
		if strings.Contains("\x00"+string(environ), "\x00"+stageEnv+"="+dir+"\x00") {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// loopsOf returns the loop devices whose file lies in the stage at dir, or is a
// memory file of it.
func loopsOf(dir string) (devices []string, err error) {
	files, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, name := range files {
		backing, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // detached meanwhile
		}
		if err != nil {
			return nil, err
		}
		if stageOf(string(backing)) == filepath.Base(dir) {
			devices = append(devices, "/dev/"+strings.Split(name, "/")[3])
		}
	}
	return devices, err
}

// stageOf returns the name of the stage in a path, or "".
func stageOf(path string) string {
	_, rest, ok := strings.Cut(path, stagePrefix)
	if !ok {
		return ""
	}
	end := strings.IndexAny(rest, "/ \n")
	if end < 0 {
		end = len(rest)
	}
	return stagePrefix + rest[:end]
}
