package corpus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// snapshot returns the records of the IDs 1 to n as one piece.
func snapshot(n int) (data []byte) {
	_ = each(n, func(id string) error { // never fails
		data = append(data, encode(put(id, 200))...)
		return nil
	})
	return data
}

// renameUnsynced writes each state of the store into a new snapshot, and makes it the
// newest by a rename.
type renameUnsynced struct{ mended bool }

func (s renameUnsynced) workload(dir string, ack func(string)) error {
	n := 0
	return each(12, func(id string) error {
		n++
		name := filepath.Join(dir, fmt.Sprintf("snapshot-%03d", n))
		err := writeFile(name+".tmp", snapshot(n), s.mended)
		if err = errors.Join(err, os.Rename(name+".tmp", name), syncDir(dir)); err != nil {
			return err
		}
		ack(id)
		if n > 2 {
			return os.Remove(filepath.Join(dir, fmt.Sprintf("snapshot-%03d", n-2)))
		}
		return nil
	})
}

func (s renameUnsynced) check(dir string, acked []string) error {
	all, err := filepath.Glob(filepath.Join(dir, "snapshot-???")) // sorted
	if err != nil || len(all) == 0 {
		return errors.Join(err, allThere(nil, acked))
	}
	return checkLog(dir, filepath.Base(all[len(all)-1]), acked)
}

// renameNoDirSync replaces its one file.
type renameNoDirSync struct{ mended bool }

func (s renameNoDirSync) workload(dir string, ack func(string)) error {
	n := 0
	return each(12, func(id string) error {
		n++
		name := filepath.Join(dir, "state")
		err := errors.Join(writeFile(name+".tmp", snapshot(n), true), os.Rename(name+".tmp", name))
		if s.mended {
			err = errors.Join(err, syncDir(dir))
		}
		if err == nil {
			ack(id)
		}
		return err
	})
}

func (s renameNoDirSync) check(dir string, acked []string) error {
	return checkLog(dir, "state", acked)
}

// truncateRewrite writes its one file again and again.
type truncateRewrite struct{ mended bool }

func (s truncateRewrite) workload(dir string, ack func(string)) error {
	n := 0
	return each(12, func(id string) error {
		n++
		name := filepath.Join(dir, "state")
		var err error
		if s.mended {
			err = errors.Join(writeFile(name+".tmp", snapshot(n), true), os.Rename(name+".tmp", name))
		} else {
			err = writeFile(name, snapshot(n), true)
		}
		if err = errors.Join(err, syncDir(dir)); err == nil {
			ack(id)
		}
		return err
	})
}

func (s truncateRewrite) check(dir string, acked []string) error {
	return checkLog(dir, "state", acked)
}

// deleteBeforeDurable appends to a log. With every fourth record it compacts the log
// into a new one.
type deleteBeforeDurable struct{ mended bool }

func (s deleteBeforeDurable) workload(dir string, ack func(string)) error {
	var name string
	var f *os.File
	n := 0
	err := each(16, func(id string) (err error) {
		if n%4 == 0 {
			old := name
			name = fmt.Sprintf("log-%03d", n/4)
			err := writeFile(filepath.Join(dir, name), snapshot(n), s.mended)
			if s.mended {
				err = errors.Join(err, syncDir(dir))
			}
			if err != nil {
				return err
			}
			if f != nil {
				err = errors.Join(f.Close(), os.Remove(filepath.Join(dir, old)))
			}
			if err != nil {
				return err
			}
			if f, err = create(dir, name, os.O_APPEND); err != nil {
				return err
			}
		}
		n++
		_, err = f.Write(encode(put(id, 200)))
		if err = errors.Join(err, f.Sync()); err == nil {
			ack(id)
		}
		return err
	})
	return errors.Join(err, f.Close())
}

func (s deleteBeforeDurable) check(dir string, acked []string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var records []string
	for _, e := range slices.Backward(entries) {
		if !strings.HasPrefix(e.Name(), "log-") {
			continue
		}
		data, err := readLog(dir, e.Name())
		if err != nil {
			return err
		}
		found, _ := scan(data)
		records = append(records, found...)
	}
	return allThere(records, acked)
}
