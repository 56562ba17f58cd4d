package sstable

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/vfs"
)

var update = flag.Bool("update", false, "write the golden tables anew")

// goldenModel has one of each: versions, tombstones, empty values, a key that
// shares more than 30 bytes, a value of several pages.
func goldenModel() []kvs {
	long := strings.Repeat("long", 10)
	return sortModel([]kvs{
		set("", 1, "the empty key"), set("a", 2, ""), del("a", 9), set("a", 4, "old"),
		set(long+"1", 5, "one"), set(long+"2", 6, "two"), set(long+"2", 700000, "newer"),
		set("pages", 8, strings.Repeat("0123456789abcde\n", 400)), set("z\x00\xff", 3, "last"),
	})
}

// TestGolden pins the format: tables written by earlier versions must be read,
// and uncompressed ones written byte for byte the same. (What zstd writes may
// change with its library.) After a change on purpose, with a new format
// version: go test ./engines/lsm/sstable -run Golden -update
func TestGolden(t *testing.T) {
	model := goldenModel()
	for _, c := range []Compression{None, Zstd} {
		name := filepath.Join("testdata", "v1-"+c.String()+".sst")
		data := tableBytes(t, WriterOptions{Compression: c, RestartInterval: 4}, model)
		if *update {
			if err := os.WriteFile(name, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		stored, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		checkTable(t, openTable(t, vfs.OS, name, ReaderOptions{}), model)
		if c == None && !bytes.Equal(stored, data) {
			t.Errorf("%s: the writer's bytes changed", name)
		}
	}
}
