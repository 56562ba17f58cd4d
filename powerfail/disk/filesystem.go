package disk

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// FileSystem is a kind of file system of the host's kernel.
type FileSystem struct {
	Name    string
	Package string   // Debian package of the maker
	make    []string // command line; the device comes last
	options string   // of mount(2)
	// MinSize is the least size of a disk for it, in bytes.
	MinSize int64
	mapped  bool // the places that it tells of its files are those on the disk
	// Alone is set if two of its disks with one origin can't be mounted at once.
	Alone bool
}

// A new disk is all zeros. The programs that make file systems are told so if they have an
// option for it. The file systems are small, so that states are mounted fast.
var fileSystems = []FileSystem{
	{
		Name: "ext4", Package: "e2fsprogs", MinSize: 16 << 20, mapped: true,
		make: []string{
			"mkfs.ext4", "-q", "-b", "4096", "-N", "1024", "-O", "^resize_inode", "-J", "size=4",
			"-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=1",
		},
	},
	{
		Name: "xfs", Package: "xfsprogs", MinSize: 300 << 20, options: "nouuid", mapped: true,
		make: []string{"mkfs.xfs", "-q", "-K"},
	},
	{
		Name: "btrfs", Package: "btrfs-progs", MinSize: 128 << 20, Alone: true,
		make: []string{"mkfs.btrfs", "-q", "-K"},
	},
}

// FileSystems returns the names of the file systems.
func FileSystems() (names []string) {
	for _, f := range fileSystems {
		names = append(names, f.Name)
	}
	return names
}

// LookupFileSystem returns the file system of that name.
func LookupFileSystem(name string) (FileSystem, error) {
	i := slices.IndexFunc(fileSystems, func(f FileSystem) bool { return f.Name == name })
	if i < 0 {
		return FileSystem{}, fmt.Errorf("no file system %q: want one of %s", name, strings.Join(FileSystems(), ", "))
	}
	return fileSystems[i], nil
}

// format makes the file system on a device.
func (f FileSystem) format(device string) error {
	out, err := exec.Command(f.make[0], append(f.make[1:], device)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s of %s: %w: %s", f.make[0], device, err, strings.TrimSpace(string(out)))
	}
	return nil
}
