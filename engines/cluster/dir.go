package cluster

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

// A store's directory has the store of each member, member-1 and so on, and the file
// members with how many there are, in digits and a line end. Before all of them have been
// made, "new " stands before the number. Part of the disk format.
const (
	membersFile = "members"
	unmade      = "new "
)

func memberDir(dir string, id uint64) string {
	return filepath.Join(dir, "member-"+strconv.FormatUint(id, 10))
}

// claim makes the directory of a store with so many members, or checks that it is one. It
// says whether members may be made: not once they may have voted.
func claim(dir string, members int) (fresh bool, err error) {
	if members < 1 || members > MaxMembers {
		return false, fmt.Errorf("%w: %d members, want 1 to %d", kv.ErrUnsupported, members, MaxMembers)
	}
	path := filepath.Join(dir, membersFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, found(dir, members)
	}
	if err != nil {
		return false, err
	}
	number, fresh := bytes.CutPrefix(bytes.TrimSuffix(text, []byte("\n")), []byte(unmade))
	has, err := strconv.Atoi(string(number))
	if err != nil {
		return false, fmt.Errorf("%w: %s: %q is not how many members the store has", kv.ErrCorrupt, path, text)
	}
	if has != members {
		return false, fmt.Errorf("%w: the store in %s has %d members: open it as raft%d, not as raft%d", kv.ErrUnsupported, dir, has, has, members)
	}
	return fresh, nil
}

// found claims a directory that is new or empty.
func found(dir string, members int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != membersFile+".tmp" { // which a crash may have left
			return fmt.Errorf("%w: %s has %s and no file %s: it is not a replicated store", kv.ErrUnsupported, dir, e.Name(), membersFile)
		}
	}
	return putMembers(dir, unmade, members)
}

// putMembers writes the file, whole or not at all, and makes it durable.
func putMembers(dir, state string, members int) error {
	path := filepath.Join(dir, membersFile)
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s%d\n", state, members)
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
