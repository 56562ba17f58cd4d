// Package process knows the commands of this program that tiers start as processes of
// their own: workers that may be killed, judges that may crash, servers of FUSE. Both
// ends are here: [Self] has the command lines, and [Roles] are what they run.
package process

import "os"

// Self is the file of this program.
type Self string

// This returns the file of the running program.
func This() (Self, error) {
	name, err := os.Executable()
	return Self(name), err
}

// Worker returns the command line that runs the program in a file on an engine. The caller
// appends the directory of the store.
func (s Self) Worker(engine, bug, file string) []string {
	return []string{string(s), "crash", "worker", "--engine", engine, "--small", "--bug", bug, "--program", file, "--dir"}
}

// Fuse returns the command line that serves a recorded disk.
func (s Self) Fuse() []string { return []string{string(s), "crash", "fuse"} }

// FuseFiles returns the command line that serves a recorded directory.
func (s Self) FuseFiles() []string { return []string{string(s), "crash", "fuse-files"} }

// Watched returns the command line that becomes a program whose system calls are watched.
func (s Self) Watched() []string { return []string{string(s), "crash", "watched"} }
