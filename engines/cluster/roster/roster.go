// Package roster keeps the directory of a store that is made of several: how many they are,
// and whether all of them have been made.
//
// The directory has one directory for each of them, such as member-1 and so on, and a file,
// such as members, with how many there are, in digits and a line end. Before all of them
// have been made, "new " stands before the number. Part of the disk format.
package roster

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"lsmlab/engines/kv"
)

// Kind says what a store is made of.
type Kind struct {
	Part   string // what one of them is called: "member" for the file members
	Engine string // what stands before the number in the name of the engine
	Most   int    // that there may be
}

const unmade = "new "

func (k Kind) file() string { return k.Part + "s" }

// Dir returns the directory of one of them, counted from 1.
func (k Kind) Dir(dir string, number int) string {
	return filepath.Join(dir, k.Part+"-"+strconv.Itoa(number))
}

// Claim makes the directory of a store that is made of so many, or checks that it is one. It
// says whether they may be made: not once [Kind.Made] was called.
func (k Kind) Claim(dir string, parts int) (fresh bool, err error) {
	if parts < 1 || parts > k.Most {
		return false, fmt.Errorf("%w: %d %s, want 1 to %d", kv.ErrUnsupported, parts, k.file(), k.Most)
	}
	path := filepath.Join(dir, k.file())
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, k.found(dir, parts)
	}
	if err != nil {
		return false, err
	}
	number, fresh := bytes.CutPrefix(bytes.TrimSuffix(text, []byte("\n")), []byte(unmade))
	has, err := strconv.Atoi(string(number))
	if err != nil {
		return false, fmt.Errorf("%w: %s: %q is not how many %s the store has", kv.ErrCorrupt, path, text, k.file())
	}
	if has != parts {
		return false, fmt.Errorf("%w: the store in %s has %d %s: open it as %[5]s%[3]d, not as %[5]s%[6]d", kv.ErrUnsupported, dir, has, k.file(), k.Engine, parts)
	}
	return fresh, nil
}

// found claims a directory that is new or empty.
func (k Kind) found(dir string, parts int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != k.file()+".tmp" { // which a crash may have left
			return fmt.Errorf("%w: %s has %s and no file %s: it is not a store of %[4]s", kv.ErrUnsupported, dir, e.Name(), k.file())
		}
	}
	return k.put(dir, unmade, parts)
}

// Made notes that all of them have been made.
func (k Kind) Made(dir string, parts int) error { return k.put(dir, "", parts) }

// put writes the file, whole or not at all, and makes it durable.
func (k Kind) put(dir, state string, parts int) error {
	path := filepath.Join(dir, k.file())
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s%d\n", state, parts)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(path+".tmp", path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
