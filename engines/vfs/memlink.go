package vfs

import "syscall"

// This file has what a directory may hold beside files of one name: hard links, and,
// beyond what engines ask for, symbolic links and the exchange of two names. With
// these, the files of any program can be put on a Mem and be crashed. Mem itself
// follows no symbolic link: the caller has resolved the names.

// Info says what a name stands for; see [Mem.Lstat].
type Info struct {
	ID     uint64 // of the file or directory: all names of one file have the same ID, also in clones; 0 for a symbolic link
	Dir    bool
	Target string // of a symbolic link, else ""
	Size   int64  // bytes; of a file
}

// Lstat says what name stands for.
func (m *Mem) Lstat(name string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, err := m.walk(name); err == nil {
		return Info{ID: d.id, Dir: true}, nil
	}
	_, _, e, err := m.lookup(name)
	if err == nil && !e.exists() {
		err = syscall.ENOENT
	}
	switch {
	case err != nil:
		return Info{}, pathError("lstat", name, err)
	case e.file == nil:
		return Info{Target: e.link.target}, nil
	}
	return Info{ID: e.file.id, Size: e.file.size}, nil
}

// Link implements [FS].
func (m *Mem) Link(oldname, newname string) error {
	return m.enter(Op{Kind: OpLink, Path: oldname, To: newname}, newname, func() (memEntry, error) {
		_, _, e, err := m.lookup(oldname)
		switch {
		case err != nil:
		case e.dir != nil:
			err = syscall.EPERM
		case !e.exists():
			err = syscall.ENOENT
		}
		return e, err
	})
}

// Symlink makes name a symbolic link to target. target must not be empty and need not
// exist.
func (m *Mem) Symlink(target, name string) error {
	return m.enter(Op{Kind: OpSymlink, Path: name, To: target}, name, func() (memEntry, error) {
		if target == "" {
			return memEntry{}, syscall.ENOENT
		}
		return memEntry{link: &symlink{target}}, nil
	})
}

// enter runs operation op: it adds the entry that entry returns under the new name.
func (m *Mem) enter(op Op, name string, entry func() (memEntry, error)) error {
	made := m.note(op)
	m.mu.Lock()
	defer m.mu.Unlock()
	e, err := entry()
	d, base, old, lookupErr := m.lookup(name)
	switch {
	case err != nil:
	case lookupErr != nil:
		err = lookupErr
	case old.exists():
		err = syscall.EEXIST
	}
	if err != nil {
		return pathError(op.Kind.String(), name, err)
	}
	m.change(op.Kind, made, entryChange{d, base, e})
	return nil
}

// Exchange swaps the entries of two names in one atomic step.
func (m *Mem) Exchange(name, other string) error {
	made := m.note(Op{Kind: OpExchange, Path: name, To: other})
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, e, err := m.lookup(name)
	d2, base2, e2, err2 := m.lookup(other)
	switch {
	case err != nil:
	case err2 != nil:
		err = err2
	case !e.exists() || !e2.exists():
		err = syscall.ENOENT
	case e.dir != nil && within(other, name) || e2.dir != nil && within(name, other):
		err = syscall.EINVAL
	case e == e2:
		return nil
	}
	if err != nil {
		return pathError(OpExchange.String(), name, err)
	}
	m.change(OpExchange, made, entryChange{d, base, e2}, entryChange{d2, base2, e})
	return nil
}
