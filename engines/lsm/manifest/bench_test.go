package manifest

import (
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

// BenchmarkReplay reads a manifest of 500 tables and 20,000 edits, each of which
// moves a table between two levels.
func BenchmarkReplay(b *testing.B) {
	fsys := newStore(b)
	base := &Edit{}
	for id := range uint64(500) {
		key := fmt.Sprintf("user%08d", id)
		base.Added = append(base.Added, LevelTable{1, newTable(id+1, key, key+"z")})
	}
	v, err := (&Version{}).Apply(base)
	check(b, err)
	l, err := Create(fsys, "/db", 1, v)
	check(b, err)
	for i := range 20000 {
		a := base.Added[i%500]
		from, to := 1+(i/500)%2, 2-(i/500)%2
		check(b, l.Append(&Edit{Removed: []TableRef{{from, a.Table.ID}}, Added: []LevelTable{{to, a.Table}}}))
	}
	data := get(b, fsys, FileName(1))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, _, err := replay(data, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTail is the worst case of Load: damage made of likely lengths and
// tags at the first edit of a 4 MiB manifest.
func BenchmarkTail(b *testing.B) {
	data := oddTail(b)
	for b.Loop() {
		if _, _, err := replay(data, 1); !errors.Is(err, kv.ErrCorrupt) {
			b.Fatal(err)
		}
	}
}

func oddTail(t testing.TB) []byte {
	fsys, ends, _ := sound(t)
	data := append(get(t, fsys, FileName(1))[:ends[0]:ends[0]], make([]byte, 4<<20)...)
	for i := range data[ends[0]:] {
		data[int(ends[0])+i] = byte(i * 7 % 5)
	}
	return data
}
