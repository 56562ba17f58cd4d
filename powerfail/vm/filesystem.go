package vm

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// fileSystem is a file system that guests may have.
type fileSystem struct {
	name    string
	size    int64    // bytes of its disk; sparse
	mkfs    []string // command; the disk is appended
	options string   // of mount
	modules []string
	install string // package with mkfs
}

// The sizes leave room for the preallocated log of an engine. xfs refuses disks
// below 300 MiB.
var fileSystems = []fileSystem{
	{
		name: "ext4", size: 256 << 20, modules: []string{"ext4"}, install: "e2fsprogs",
		mkfs: []string{
			"mkfs.ext4", "-q", "-F", "-b", "4096", "-O", "^resize_inode", "-N", "1024", "-J", "size=4",
			"-E", "lazy_itable_init=0,lazy_journal_init=0",
		},
	},
	{
		name: "xfs", size: 320 << 20, modules: []string{"xfs"}, install: "xfsprogs", options: "nouuid",
		mkfs: []string{"mkfs.xfs", "-q", "-f"},
	},
	{
		name: "btrfs", size: 256 << 20, modules: []string{"btrfs"}, install: "btrfs-progs",
		mkfs: []string{"mkfs.btrfs", "-q", "-f"},
	},
}

// FileSystems returns the names of the file systems that guests may have.
func FileSystems() []string {
	var names []string
	for _, fs := range fileSystems {
		names = append(names, fs.name)
	}
	return names
}

func lookupFileSystem(name string) (fileSystem, error) {
	for _, fs := range fileSystems {
		if fs.name == name {
			return fs, nil
		}
	}
	return fileSystem{}, fmt.Errorf("no file system %q; guests may have %s", name, strings.Join(FileSystems(), ", "))
}

// format returns an empty file system in a file that create makes.
func (fs fileSystem) format(ctx context.Context, create func() (*os.File, error)) (*os.File, error) {
	f, err := create()
	if err != nil {
		return nil, err
	}
	if err = f.Truncate(fs.size); err == nil {
		err = runOn(ctx, f, fs.install, fs.mkfs[0], fs.mkfs[1:]...)
	}
	if err != nil {
		release(f)
		return nil, err
	}
	return f, nil
}
