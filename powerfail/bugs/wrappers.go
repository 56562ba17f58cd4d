package bugs

import (
	"sync"

	"lsmlab/engines/fileroles"
	"lsmlab/engines/vfs"
)

// fileFS lets a function put something between the engine and each file that it
// opens for writing.
type fileFS struct {
	vfs.FS
	wrap func(name string, f vfs.File) vfs.File
}

func (fs *fileFS) Create(name string) (vfs.File, error) {
	f, err := fs.FS.Create(name)
	return fs.wrapped(name, f, err)
}

func (fs *fileFS) OpenReadWrite(name string) (vfs.File, error) {
	f, err := fs.FS.OpenReadWrite(name)
	return fs.wrapped(name, f, err)
}

func (fs *fileFS) wrapped(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return fs.wrap(name, f), nil
}

// late puts off the syncs of files of a role until the file is used again.
func late(role string) func(vfs.FS) vfs.FS {
	return func(fs vfs.FS) vfs.FS {
		return &fileFS{fs, func(name string, f vfs.File) vfs.File {
			if fileroles.Of(name) != role {
				return f
			}
			return &lateFile{File: f}
		}}
	}
}

type lateFile struct {
	vfs.File
	mu  sync.Mutex
	due bool
}

func (f *lateFile) Sync() error     { return f.SyncData() }
func (f *lateFile) SyncData() error { f.mu.Lock(); f.due = true; f.mu.Unlock(); return nil }

// catchUp makes up for the sync that was put off.
func (f *lateFile) catchUp() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.due {
		return nil
	}
	f.due = false
	return f.File.Sync()
}

func (f *lateFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.catchUp(); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

func (f *lateFile) Close() error {
	return f.File.Close() // too late: nobody syncs it any more
}

// deaf hears no error of a sync.
func deaf(fs vfs.FS) vfs.FS {
	return &fileFS{fs, func(_ string, f vfs.File) vfs.File { return &deafFile{f} }}
}

type deafFile struct{ vfs.File }

func (f *deafFile) Sync() error     { _ = f.File.Sync(); return nil }
func (f *deafFile) SyncData() error { _ = f.File.SyncData(); return nil }

// hasty hears no error of a write.
func hasty(fs vfs.FS) vfs.FS {
	return &fileFS{fs, func(_ string, f vfs.File) vfs.File { return &hastyFile{f} }}
}

type hastyFile struct{ vfs.File }

func (f *hastyFile) WriteAt(p []byte, off int64) (int, error) {
	_, _ = f.File.WriteAt(p, off)
	return len(p), nil
}
