package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Clean releases the processes, mounts, loop devices and directories of runs that were
// killed. It leaves runs alone that are still under way. It returns the directories of
// the stages of both.
func Clean() (released, running []string, err error) {
	dirs, err := stages()
	if err != nil {
		return nil, nil, err
	}
	for dir := range dirs {
		lock, lockErr := takeLock(dir)
		if lockErr != nil && !errors.Is(lockErr, fs.ErrNotExist) {
			running = append(running, dir)
			continue
		}
		if e := release(dir); e != nil {
			err = errors.Join(err, e)
		} else {
			released = append(released, dir)
		}
		if lock != nil {
			err = errors.Join(err, lock.Close())
		}
	}
	return released, running, err
}

// stages returns the directories of all stages of which a process, a mount, a loop device
// or a directory is left.
func stages() (map[string]bool, error) {
	dirs := map[string]bool{}
	add := func(path string) {
		if name := stageOf(path); name != "" {
			before, _, _ := strings.Cut(path, stagePrefix)
			if !strings.HasPrefix(before, "/memfd:") {
				dirs[before+name] = true
			} else if !hasStage(dirs, name) {
				dirs[filepath.Join(os.TempDir(), name)] = true
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), stagePrefix+"*"))
	if err != nil {
		return nil, err
	}
	points, err := mounts("/")
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		add(path)
	}
	for _, m := range points {
		add(m.dir)
	}
	files, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if backing, err := os.ReadFile(name); err == nil { // it may be detached meanwhile
			add(string(backing))
		}
	}
	return dirs, nil
}

func hasStage(dirs map[string]bool, name string) bool {
	for dir := range dirs {
		if filepath.Base(dir) == name {
			return true
		}
	}
	return false
}
