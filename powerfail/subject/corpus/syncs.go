package corpus

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

const logName = "store.log"

// noFileSync appends each record to a log.
type noFileSync struct{ mended bool }

func (s noFileSync) workload(dir string, ack func(string)) error {
	f, err := create(dir, logName, os.O_APPEND)
	if err != nil {
		return err
	}
	err = each(12, func(id string) error {
		if _, err := f.Write(encode(put(id, 100))); err != nil {
			return err
		}
		if s.mended {
			if err := f.Sync(); err != nil {
				return err
			}
		}
		ack(id)
		return nil
	})
	return errors.Join(err, f.Close())
}

func (s noFileSync) check(dir string, acked []string) error { return checkLog(dir, logName, acked) }

// ackBeforeSync syncs each record, but acknowledges it too early.
type ackBeforeSync struct{ mended bool }

func (s ackBeforeSync) workload(dir string, ack func(string)) error {
	f, err := create(dir, logName, os.O_APPEND)
	if err != nil {
		return err
	}
	err = each(12, func(id string) error {
		if _, err := f.Write(encode(put(id, 700))); err != nil {
			return err
		}
		if !s.mended {
			ack(id)
		}
		if err := f.Sync(); err != nil {
			return err
		}
		if s.mended {
			ack(id)
		}
		return nil
	})
	return errors.Join(err, f.Close())
}

func (s ackBeforeSync) check(dir string, acked []string) error { return checkLog(dir, logName, acked) }

// ackInMemory writes through a buffer.
type ackInMemory struct{ mended bool }

func (s ackInMemory) workload(dir string, ack func(string)) error {
	f, err := create(dir, logName, os.O_APPEND)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	err = each(12, func(id string) error {
		_, err := w.Write(encode(put(id, 100)))
		if s.mended {
			err = errors.Join(err, w.Flush())
		}
		if err = errors.Join(err, f.Sync()); err != nil {
			return err
		}
		ack(id)
		return nil
	})
	return errors.Join(err, w.Flush(), f.Close())
}

func (s ackInMemory) check(dir string, acked []string) error { return checkLog(dir, logName, acked) }

// wrongFileSync keeps values in one file, and the records that name them in another.
type wrongFileSync struct{ mended bool }

func (s wrongFileSync) workload(dir string, ack func(string)) error {
	values, err := create(dir, "values", os.O_APPEND)
	if err != nil {
		return err
	}
	index, err := create(dir, "index", os.O_APPEND)
	if err != nil {
		return err
	}
	first := index
	if s.mended {
		first = values
	}
	err = each(12, func(id string) error {
		_, err := values.WriteString(value(id, 64))
		if err = errors.Join(err, first.Sync()); err != nil {
			return err
		}
		_, err = index.Write(encode(id))
		if err = errors.Join(err, index.Sync()); err != nil {
			return err
		}
		ack(id)
		return nil
	})
	return errors.Join(err, values.Close(), index.Close())
}

func (s wrongFileSync) check(dir string, acked []string) error {
	index, err := readLog(dir, "index")
	if err != nil {
		return err
	}
	values, err := readLog(dir, "values")
	if err != nil {
		return err
	}
	ids, _ := scan(index)
	var records []string
	for i, id := range ids {
		if (i+1)*64 <= len(values) {
			records = append(records, id+" "+string(values[i*64:(i+1)*64]))
		}
	}
	return allThere(records, acked)
}

// syncBeforeLastWrite commits a value by a separate record.
type syncBeforeLastWrite struct{ mended bool }

func (s syncBeforeLastWrite) workload(dir string, ack func(string)) error {
	f, err := create(dir, logName, os.O_APPEND)
	if err != nil {
		return err
	}
	err = each(12, func(id string) error {
		if _, err := f.Write(encode(put(id, 300))); err != nil {
			return err
		}
		if !s.mended {
			if err := f.Sync(); err != nil {
				return err
			}
		}
		if _, err := f.Write(encode("commit " + id)); err != nil {
			return err
		}
		if s.mended {
			if err := f.Sync(); err != nil {
				return err
			}
		}
		ack(id)
		return nil
	})
	return errors.Join(err, f.Close())
}

func (s syncBeforeLastWrite) check(dir string, acked []string) error {
	data, err := readLog(dir, logName)
	if err != nil {
		return err
	}
	records, _ := scan(data)
	var committed []string
	for i, r := range records {
		if i > 0 && strings.HasPrefix(r, "commit ") {
			committed = append(committed, records[i-1])
		}
	}
	return allThere(committed, acked)
}

// noDirSync keeps each value in a file of its own.
type noDirSync struct{ mended bool }

func (s noDirSync) workload(dir string, ack func(string)) error {
	return each(12, func(id string) error {
		if err := writeFile(filepath.Join(dir, "value-"+id), []byte(value(id, 50)), true); err != nil {
			return err
		}
		if s.mended {
			if err := syncDir(dir); err != nil {
				return err
			}
		}
		ack(id)
		return nil
	})
}

func (s noDirSync) check(dir string, acked []string) error {
	var records []string
	for _, id := range acked {
		data, err := readLog(dir, "value-"+id)
		if err != nil {
			return err
		}
		if len(data) == 50 {
			records = append(records, id+" "+string(data))
		}
	}
	return allThere(records, acked)
}
