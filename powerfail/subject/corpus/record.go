package corpus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A record of these logs is | checksum 4 | length 4 | payload |, little-endian.
const headSize = 8

func encode(payload string) []byte {
	b := make([]byte, headSize, headSize+len(payload))
	binary.LittleEndian.PutUint32(b, crc32.ChecksumIEEE([]byte(payload)))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(payload)))
	return append(b, payload...)
}

// scan returns the payloads of the whole records at the beginning of a log, and the
// offset at which they end. No record is empty.
func scan(data []byte) (payloads []string, end int) {
	for {
		rest := data[end:]
		if len(rest) < headSize {
			return payloads, end
		}
		n := int(binary.LittleEndian.Uint32(rest[4:]))
		if n == 0 || n > len(rest)-headSize || crc32.ChecksumIEEE(rest[headSize:headSize+n]) != binary.LittleEndian.Uint32(rest) {
			return payloads, end
		}
		payloads = append(payloads, string(rest[headSize:headSize+n]))
		end += headSize + n
	}
}

// put returns what a store keeps for an ID: the ID, and a value of size bytes that
// follows from the ID.
func put(id string, size int) string { return id + " " + value(id, size) }

func value(id string, size int) string {
	return strings.Repeat(id+".", size/(len(id)+1)+1)[:size]
}

// allThere returns an error for an acknowledged ID that is not among records. Records
// begin with their ID, and must have the value of that ID.
func allThere(records, acked []string) error {
	for _, id := range acked {
		if !slices.ContainsFunc(records, func(r string) bool {
			found, v, _ := strings.Cut(r, " ")
			return found == id && v == value(id, len(v))
		}) {
			return fmt.Errorf("lost %s, of %d that were acknowledged", id, len(acked))
		}
	}
	return nil
}

// each calls do with the IDs 1 to n.
func each(n int, do func(id string) error) error {
	for i := 1; i <= n; i++ {
		if err := do(strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return nil
}

// readLog reads a log. A log that does not exist yet is empty.
func readLog(dir, name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// checkLog checks a log of records that begin with their IDs.
func checkLog(dir, name string, acked []string) error {
	data, err := readLog(dir, name)
	if err != nil {
		return err
	}
	records, _ := scan(data)
	return allThere(records, acked)
}

// create creates a file and makes its directory entry durable.
func create(dir, name string, flag int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|flag, 0o644)
	if err != nil {
		return nil, err
	}
	return f, syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeFile writes a whole file. It syncs the file if sync is set.
func writeFile(name string, data []byte, sync bool) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil && sync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
