package corpus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strings"
)

// appendIn appends a record to f in two writes: the head, then the payload.
func appendIn(f *os.File, payload string) error {
	record := encode(payload)
	if _, err := f.Write(record[:headSize]); err != nil {
		return err
	}
	_, err := f.Write(record[headSize:])
	return err
}

// fillInTwo writes a log of n records. It writes each in two writes and syncs it.
func fillInTwo(dir string, n int, ack func(string)) error {
	f, err := create(dir, logName, os.O_APPEND)
	if err != nil {
		return err
	}
	err = each(n, func(id string) error {
		if err := errors.Join(appendIn(f, put(id, 900)), f.Sync()); err != nil {
			return err
		}
		ack(id)
		return nil
	})
	return errors.Join(err, f.Close())
}

// tornTailRefused is right about what a log must contain, but wrong about what a power
// cut may leave.
type tornTailRefused struct{ mended bool }

func (s tornTailRefused) workload(dir string, ack func(string)) error {
	return fillInTwo(dir, 20, ack)
}

func (s tornTailRefused) check(dir string, acked []string) error {
	data, err := readLog(dir, logName)
	if err != nil {
		return err
	}
	records, end := scan(data)
	if !s.mended && end < len(data) {
		return fmt.Errorf("%s is corrupt: no record at %d", logName, end)
	}
	return allThere(records, acked)
}

// tornTailAppend recovers correctly, but then writes to the wrong place.
type tornTailAppend struct{ mended bool }

func (s tornTailAppend) workload(dir string, ack func(string)) error {
	return fillInTwo(dir, 20, ack)
}

// check opens the store twice: what the first opening adds must be there at the second.
func (s tornTailAppend) check(dir string, acked []string) error {
	f, err := create(dir, logName, os.O_APPEND)
	if err != nil {
		return err
	}
	if s.mended {
		data, err := readLog(dir, logName)
		if err != nil {
			return err
		}
		_, end := scan(data)
		if err := f.Truncate(int64(end)); err != nil {
			return err
		}
	}
	if err := errors.Join(appendIn(f, put("probe", 10)), f.Close()); err != nil {
		return err
	}
	return checkLog(dir, logName, append(acked, "probe"))
}

// zerosAreRecords numbers its values by their position in the log.
type zerosAreRecords struct{ mended bool }

func (s zerosAreRecords) workload(dir string, ack func(string)) error {
	return fillInTwo(dir, 20, ack)
}

func (s zerosAreRecords) check(dir string, acked []string) error {
	data, err := readLog(dir, logName)
	if err != nil {
		return err
	}
	records, end := scan(data)
	if rest := data[end:]; !s.mended && len(rest) >= headSize {
		if n := binary.LittleEndian.Uint32(rest[4:]); n == 0 && binary.LittleEndian.Uint32(rest) == crc32.ChecksumIEEE(nil) {
			return fmt.Errorf("record %d is the value %q, which nobody stored", len(records)+1, "")
		}
	}
	return allThere(records, acked)
}

// exactBoundary moves an amount from one account to another: two records.
type exactBoundary struct{ mended bool }

func (s exactBoundary) workload(dir string, ack func(string)) error {
	f, err := create(dir, logName, os.O_APPEND)
	if err != nil {
		return err
	}
	err = each(20, func(id string) error {
		debit, credit := put(id, 400), put(id+"'", 400)
		var err error
		if s.mended {
			_, err = f.Write(encode(debit + "|" + credit))
		} else {
			_, err = f.Write(encode(debit))
			if err == nil {
				_, err = f.Write(encode(credit))
			}
		}
		if err = errors.Join(err, f.Sync()); err == nil {
			ack(id)
		}
		return err
	})
	return errors.Join(err, f.Close())
}

func (s exactBoundary) check(dir string, acked []string) error {
	data, err := readLog(dir, logName)
	if err != nil {
		return err
	}
	records, _ := scan(data)
	if s.mended && len(records) > 0 {
		records = strings.Split(strings.Join(records, "|"), "|")
	}
	if len(records)%2 == 1 {
		return fmt.Errorf("half of transfer %d is there", len(records)/2+1)
	}
	return allThere(records, acked)
}
