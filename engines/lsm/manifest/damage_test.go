package manifest

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

func dump(data []byte) string { return hex.Dump(data) }

// sound returns a store with manifest 1, the offsets at which its records end
// (that of the snapshot first), and the version at each.
func sound(t testing.TB) (fsys *vfs.Mem, ends []int64, all []*Version) {
	t.Helper()
	fsys = newStore(t)
	edits := history()
	l, err := Create(fsys, "/db", 1, &Version{})
	check(t, err)
	ends = append(ends, l.Size())
	for _, e := range edits {
		check(t, l.Append(e))
		ends = append(ends, l.Size())
	}
	check(t, l.Close())
	return fsys, ends, versions(t, edits)
}

// judge checks what Load says when the manifest is damaged from byte `at` on:
// the snapshot must be missed; damage in the last record there is must read as
// a tail, or where allowed as damage; any other must be told.
func judge(t *testing.T, what string, at, end int64, ends []int64, all []*Version, v *Version, err error) {
	t.Helper()
	whole := 0 // records before the damage
	for whole < len(ends) && ends[whole] <= at {
		whole++
	}
	tail := whole > 0 && (whole == len(ends) || end <= ends[whole])
	switch {
	case tail && (err != nil || show(v) != show(all[whole-1])):
		t.Errorf("%s: %v, want the version after %d records", what, err, whole)
	case !tail && !errors.Is(err, kv.ErrCorrupt):
		t.Errorf("%s: %v, want ErrCorrupt", what, err)
	}
}

// Cut off at every byte, the manifest reads as the records that are whole.
func TestTruncation(t *testing.T) {
	fsys, ends, all := sound(t)
	data := get(t, fsys, FileName(1))
	for n := range int64(len(data)) {
		put(t, fsys, FileName(1), data[:n])
		v, _, err := Load(fsys, "/db")
		judge(t, "cut at "+hex.EncodeToString([]byte{byte(n >> 8), byte(n)}), n, n, ends, all, v, err)
	}
}

// Every flipped bit is told, but in the last record, which reads as a tail.
func TestBitFlips(t *testing.T) {
	fsys, ends, all := sound(t)
	data := get(t, fsys, FileName(1))
	for bit := range int64(len(data)) * 8 {
		damaged := slices.Clone(data)
		damaged[bit/8] ^= 1 << (bit % 8)
		put(t, fsys, FileName(1), damaged)
		v, _, err := Load(fsys, "/db")
		judge(t, "flip in byte "+hex.EncodeToString([]byte{byte(bit >> 11), byte(bit >> 3)}),
			bit/8, int64(len(data)), ends, all, v, err)
	}
}

// What may follow the last record after a crash is a tail, whatever it is.
func TestTails(t *testing.T) {
	fsys, ends, all := sound(t)
	data := get(t, fsys, FileName(1))
	first := data[ends[0]:ends[1]] // a whole record, in a wrong place
	for _, tail := range [][]byte{{0}, make([]byte, 5000), first, first[:20], []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")} {
		put(t, fsys, FileName(1), append(slices.Clone(data), tail...))
		expect(t, fsys, 1, all[len(all)-1])
	}
}

// Damage made to look like records everywhere must not cost the square of its
// size; what it may be is not known, so it is told.
func TestOddTail(t *testing.T) {
	if _, _, err := replay(oddTail(t), 1); !errors.Is(err, kv.ErrCorrupt) {
		t.Errorf("error %v, want ErrCorrupt", err)
	}
}

func TestCurrentDamage(t *testing.T) {
	fsys, _, _ := sound(t)
	write(t, fsys, 3, &Version{}, nil) // that a wrong number could pick
	write(t, fsys, 2, &Version{}, nil)
	data := get(t, fsys, CurrentName)
	for bit := range len(data) * 8 {
		damaged := slices.Clone(data)
		damaged[bit/8] ^= 1 << (bit % 8)
		put(t, fsys, CurrentName, damaged)
		if _, _, err := Load(fsys, "/db"); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("flipped bit %d: %v, want ErrCorrupt", bit, err)
		}
		if _, err := Create(fsys, "/db", 4, &Version{}); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("flipped bit %d: Create: %v, want ErrCorrupt", bit, err)
		}
	}
	for n := range data {
		put(t, fsys, CurrentName, data[:n])
		if _, _, err := Load(fsys, "/db"); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("cut at %d: %v, want ErrCorrupt", n, err)
		}
	}
}

// A store that lost its manifest is damaged, not new.
func TestManifestMissing(t *testing.T) {
	fsys, _, _ := sound(t)
	check(t, fsys.Remove("/db/"+FileName(1)))
	if _, _, err := Load(fsys, "/db"); !errors.Is(err, kv.ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want ErrCorrupt and not ErrNotExist", err)
	}
}

// A manifest under another's name is damage, not that other one.
func TestMisplaced(t *testing.T) {
	fsys, _, _ := sound(t)
	data := get(t, fsys, FileName(1))
	write(t, fsys, 2, &Version{}, nil)
	put(t, fsys, FileName(2), data)
	if _, _, err := Load(fsys, "/db"); !errors.Is(err, kv.ErrCorrupt) {
		t.Errorf("error %v, want ErrCorrupt", err)
	}
}

// FuzzLoad: whatever a manifest holds, Load gives a sound version or a known
// error, and what it gives can be written and loaded again.
func FuzzLoad(f *testing.F) {
	fsys, ends, _ := sound(f)
	data := get(f, fsys, FileName(1))
	f.Add(data)
	f.Add(data[:ends[0]])
	f.Add(data[:ends[2]+7])
	f.Add(append(slices.Clone(data), make([]byte, 100)...))
	testseed.Damaged(f, 50, data)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, _, err := replay(data, 1)
		if err != nil {
			if !errors.Is(err, kv.ErrCorrupt) && !errors.Is(err, kv.ErrUnsupported) {
				t.Fatalf("error %v, want ErrCorrupt", err)
			}
			return
		}
		check(t, v.check())
		fsys := newStore(t)
		write(t, fsys, 2, v, nil)
		expect(t, fsys, 2, v)
	})
}
