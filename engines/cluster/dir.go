package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lsmlab/engines/kv"
)

// A store's directory has the store of each member, member-1 and so on, and the file
// members with how many there are, in digits and a line end. Part of the disk format.

func memberDir(dir string, id uint64) string {
	return filepath.Join(dir, "member-"+strconv.FormatUint(id, 10))
}

// claim makes the directory of a store with so many members, or checks that it is one.
func claim(dir string, members int) error {
	if members < 1 || members > MaxMembers {
		return fmt.Errorf("%w: %d members, want 1 to %d", kv.ErrUnsupported, members, MaxMembers)
	}
	path := filepath.Join(dir, "members")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return found(dir, path, members)
	}
	if err != nil {
		return err
	}
	has, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("%w: %s: %q is not how many members the store has", kv.ErrCorrupt, path, text)
	}
	if has != members {
		return fmt.Errorf("%w: the store in %s has %d members: open it with raft%d:, not raft%d:", kv.ErrUnsupported, dir, has, has, members)
	}
	return nil
}

// found makes the file, durable before any member has heard of the others.
func found(dir, path string, members int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err != nil {
		return err
	} else if len(entries) > 0 && entries[0].Name() != filepath.Base(path)+".tmp" {
		return fmt.Errorf("%w: %s is not empty and has no file members: it is not a replicated store", kv.ErrUnsupported, dir)
	}
	if err := write(path+".tmp", members); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncDir(dir)
}

func write(path string, members int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, members)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
