package corpus

import (
	"errors"
	"os"
	"path/filepath"
)

// failedAppendLeft has a reserve, which it gives back when the disk is full. Then it
// goes on with the next value.
type failedAppendLeft struct{ mended bool }

func (s failedAppendLeft) workload(dir string, ack func(string)) error {
	reserve := filepath.Join(dir, "reserve")
	if err := writeFile(reserve, make([]byte, 16<<10), true); err != nil {
		return err
	}
	f, err := create(dir, logName, 0)
	if err != nil {
		return err
	}
	at := int64(0)
	err = each(40, func(id string) error {
		record := encode(put(id, 3000))
		if s.mended { // truncate to the end of the last whole record
			if _, err := f.Seek(at, 0); err != nil {
				return err
			}
		}
		if _, err := f.Write(record); err != nil {
			_ = os.Remove(reserve)
			return nil // this value is refused
		}
		at += int64(len(record))
		if err := f.Sync(); err != nil {
			return err
		}
		ack(id)
		return nil
	})
	return errors.Join(err, f.Close())
}

func (s failedAppendLeft) check(dir string, acked []string) error {
	return checkLog(dir, logName, acked)
}

// syncErrorIgnored writes the error to a log that nobody reads, and goes on.
type syncErrorIgnored struct{ mended bool }

func (s syncErrorIgnored) workload(dir string, ack func(string)) error {
	f, err := create(dir, logName, os.O_APPEND)
	if err != nil {
		return err
	}
	return each(12, func(id string) error {
		if _, err := f.Write(encode(put(id, 3000))); err != nil {
			return err
		}
		if err := f.Sync(); err != nil && s.mended {
			return err
		}
		ack(id)
		return nil
	})
}

func (s syncErrorIgnored) check(dir string, acked []string) error {
	return checkLog(dir, logName, acked)
}

// recoveryUnsynced syncs when it writes, but not when it opens.
type recoveryUnsynced struct{ mended bool }

func (s recoveryUnsynced) workload(dir string, ack func(string)) error {
	return fillInTwo(dir, 10, ack)
}

// reopen keeps the whole records in a new log.
func (s recoveryUnsynced) reopen(dir string, ack func(string)) error {
	data, err := readLog(dir, logName)
	if err != nil || data == nil {
		return err
	}
	_, end := scan(data)
	next := filepath.Join(dir, "recovered.log")
	if err := errors.Join(writeFile(next, data[:end], s.mended), syncDir(dir)); err != nil {
		return err
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, logName)), syncDir(dir)); err != nil {
		return err
	}
	f, err := create(dir, "recovered.log", os.O_APPEND)
	if err != nil {
		return err
	}
	if err := errors.Join(appendIn(f, put("reopened", 20)), f.Sync(), f.Close()); err != nil {
		return err
	}
	ack("reopened")
	return nil
}

func (s recoveryUnsynced) check(dir string, acked []string) error {
	old, err := readLog(dir, logName)
	if err != nil {
		return err
	}
	recovered, err := readLog(dir, "recovered.log")
	if err != nil {
		return err
	}
	a, _ := scan(old)
	b, _ := scan(recovered)
	return allThere(append(a, b...), acked)
}
