package corpus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pageSize is the size, in bytes, of a header or a slot.
const pageSize = 4096

// newest returns how many IDs are acknowledged. IDs count from 1.
func newest(acked []string) (n int) {
	for _, id := range acked {
		if i, err := strconv.Atoi(id); err == nil {
			n = max(n, i)
		}
	}
	return n
}

// page returns a page of version n, with a field that says n in every sector. A checked
// page begins with a checksum.
func page(n int, checked bool) []byte {
	p := make([]byte, pageSize)
	for at := 8; at < pageSize; at += 512 {
		binary.LittleEndian.PutUint64(p[at:], uint64(n))
	}
	if checked {
		binary.LittleEndian.PutUint32(p, crc32.ChecksumIEEE(p[8:]))
	}
	return p
}

// fields returns the version of a page, and whether all its fields agree.
func fields(p []byte) (n int, same bool) {
	n, same = int(binary.LittleEndian.Uint64(p[8:])), true
	for at := 8; at < pageSize; at += 512 {
		same = same && int(binary.LittleEndian.Uint64(p[at:])) == n
	}
	return n, same
}

// newestPage returns the greatest version among the pages whose checksum is right.
func newestPage(pages []byte) (n int) {
	for ; len(pages) >= pageSize; pages = pages[pageSize:] {
		if crc32.ChecksumIEEE(pages[8:pageSize]) == binary.LittleEndian.Uint32(pages) {
			found, _ := fields(pages)
			n = max(n, found)
		}
	}
	return n
}

// headerTorn keeps its state in a header.
type headerTorn struct{ mended bool }

func (s headerTorn) workload(dir string, ack func(string)) error {
	name := filepath.Join(dir, "header")
	if err := errors.Join(writeFile(name, make([]byte, 2*pageSize), true), syncDir(dir)); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	n := 0
	err = each(12, func(id string) error {
		n++
		at := 0
		if s.mended { // two slots that take turns, so that a torn one leaves the other intact
			at = n % 2 * pageSize
		}
		_, err := f.WriteAt(page(n, s.mended), int64(at))
		if err = errors.Join(err, f.Sync()); err == nil {
			ack(id)
		}
		return err
	})
	return errors.Join(err, f.Close())
}

func (s headerTorn) check(dir string, acked []string) error { return checkPages(dir, s.mended, acked) }

// checkPages checks a file "header" of one page, or of two pages that take turns.
func checkPages(dir string, byTurns bool, acked []string) error {
	data, err := readLog(dir, "header")
	if err != nil || len(data) < 2*pageSize {
		return errors.Join(err, allThere(nil, acked))
	}
	n, same := fields(data)
	switch {
	case byTurns:
		n = newestPage(data)
	case !same:
		return errors.New("the header's fields are of two versions")
	}
	if n < newest(acked) {
		return fmt.Errorf("the header has version %d, and %d was acknowledged", n, newest(acked))
	}
	return nil
}

// mmapTorn is headerTorn with a mapping of the file.
type mmapTorn struct{ mended bool }

func (s mmapTorn) workload(dir string, ack func(string)) error {
	name := filepath.Join(dir, "header")
	if err := errors.Join(writeFile(name, make([]byte, 2*pageSize), true), syncDir(dir)); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	m, err := unix.Mmap(int(f.Fd()), 0, 2*pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	n := 0
	err = each(12, func(id string) error {
		n++
		at := 0
		if s.mended {
			at = n % 2 * pageSize
		}
		copy(m[at:], page(n, s.mended))
		err := unix.Msync(m, unix.MS_SYNC)
		if err == nil {
			ack(id)
		}
		return err
	})
	return errors.Join(err, unix.Munmap(m), f.Close())
}

func (s mmapTorn) check(dir string, acked []string) error { return checkPages(dir, s.mended, acked) }

// sizeBeforeData keeps values of 64 bytes behind a count of them.
type sizeBeforeData struct{ mended bool }

func (s sizeBeforeData) workload(dir string, ack func(string)) error {
	f, err := create(dir, "values", 0)
	if err != nil {
		return err
	}
	n := 0
	err = each(12, func(id string) error {
		count := func() error {
			_, err := f.WriteAt([]byte(fmt.Sprintf("%08d", n+1)), 0)
			return errors.Join(err, f.Sync())
		}
		data := func() error {
			_, err := f.WriteAt([]byte(put(id, 64-len(id)-1)), int64(pageSize+n*64))
			return errors.Join(err, f.Sync())
		}
		first, second := count, data
		if s.mended {
			first, second = data, count
		}
		if err := errors.Join(first(), second()); err != nil {
			return err
		}
		n++
		ack(id)
		return nil
	})
	return errors.Join(err, f.Close())
}

func (s sizeBeforeData) check(dir string, acked []string) error {
	data, err := readLog(dir, "values")
	if err != nil || len(data) < 8 {
		return errors.Join(err, allThere(nil, acked))
	}
	n, _ := strconv.Atoi(strings.Trim(string(data[:8]), "\x00")) // 0 if there is none yet
	for i := range n {
		id := strconv.Itoa(i + 1)
		at := pageSize + i*64
		if at+64 > len(data) || string(data[at:at+64]) != put(id, 64-len(id)-1) {
			return fmt.Errorf("value %s of %d is not what was stored", id, n)
		}
	}
	if n < newest(acked) {
		return fmt.Errorf("lost %d, of %d that were acknowledged", n+1, len(acked))
	}
	return nil
}
