package corpus

import (
	"errors"
	"fmt"
)

// staleLog writes its log from the beginning again after each round of eight records.
// Each record takes a sector of its own. The first record of a round replaces the
// rounds before.
type staleLog struct{ mended bool }

const round = 8

func (s staleLog) record(n int) []byte {
	text := fmt.Sprintf("%d total=%d", n, n)
	if s.mended {
		text += fmt.Sprintf(" round=%d", (n-1)/round)
	}
	return append(encode(text), make([]byte, 512)...)[:512]
}

func (s staleLog) workload(dir string, ack func(string)) error {
	f, err := create(dir, logName, 0)
	if err != nil {
		return err
	}
	n := 0
	err = each(3*round, func(id string) error {
		at := n % round
		n++
		_, err := f.WriteAt(s.record(n), int64(at*512))
		if !s.mended && at+1 < round { // the next place is cleared, so that reading ends there
			_, err2 := f.WriteAt(make([]byte, 512), int64(at+1)*512)
			err = errors.Join(err, err2)
		}
		if err = errors.Join(err, f.Sync()); err == nil {
			ack(id)
		}
		return err
	})
	return errors.Join(err, f.Close())
}

// check reads the log to its end. The last record is the state of the store and must be
// the newest.
func (s staleLog) check(dir string, acked []string) error {
	data, err := readLog(dir, logName)
	if err != nil {
		return err
	}
	n, of := 0, -1
	for at := 0; at+512 <= len(data); at += 512 {
		records, _ := scan(data[at : at+512])
		if len(records) == 0 {
			break
		}
		var found, total, in int
		_, _ = fmt.Sscanf(records[0], "%d total=%d round=%d", &found, &total, &in)
		if s.mended && of >= 0 && in != of {
			break // the record belongs to an earlier round
		}
		n, of = found, in
	}
	if n < newest(acked) {
		return fmt.Errorf("the store is at %d, and %d was acknowledged", n, newest(acked))
	}
	return nil
}
