package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Where the guest finds things.
const (
	toolsDir     = "/tools"
	toolsProgram = toolsDir + "/lsmlab"
	libraryDir   = toolsDir + "/lib"
)

// packTools returns a disk, in memory, with a program and the shared libraries that it needs.
// The guest mounts it at /tools. The guest reads only the parts of a disk that it needs,
// whereas the same program in the initramfs would add two seconds to each boot.
func packTools(ctx context.Context, program string) (*os.File, error) {
	disk, err := fillTools(ctx, program)
	if err != nil {
		return nil, fmt.Errorf("tools of the guest: %w", err)
	}
	return disk, nil
}

func fillTools(ctx context.Context, program string) (*os.File, error) {
	files, err := libraries(ctx, program)
	if err != nil {
		return nil, err
	}
	commands := fmt.Sprintf("write %q %s\nmkdir lib\n", program, filepath.Base(toolsProgram))
	for _, f := range files {
		commands += fmt.Sprintf("write %q lib/%s\n", f, filepath.Base(f))
	}
	const room = 16 << 20 // bytes for the file system itself
	size, err := totalSize(append(files, program))
	if err != nil {
		return nil, err
	}
	disk, err := memoryFile()
	if err != nil {
		return nil, err
	}
	if err = disk.Truncate(size + size/8 + room); err == nil {
		err = runOn(ctx, disk, "e2fsprogs", "mkfs.ext4", "-q", "-F", "-O", "^has_journal")
	}
	if err == nil {
		err = debugfs(ctx, disk, commands)
	}
	if err != nil {
		release(disk)
		return nil, err
	}
	return disk, nil
}

func totalSize(files []string) (size int64, err error) {
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}

// debugfs runs commands of the program debugfs on an ext4 disk, which writes files to the disk
// without a mount. The program's exit status is always 0, so any error that it prints
// counts.
func debugfs(ctx context.Context, disk *os.File, commands string) error {
	c := hostCommand(ctx, disk, "debugfs", "-w", "-f", "/dev/stdin")
	c.Stdin = strings.NewReader(commands)
	var stderr strings.Builder
	c.Stderr = &stderr
	if err := c.Run(); err != nil {
		return missing(c, "e2fsprogs", err)
	}
	_, complaints, _ := strings.Cut(stderr.String(), "\n") // the first line is its version
	if complaints != "" {
		return fmt.Errorf("debugfs: %s", strings.TrimSpace(complaints))
	}
	return nil
}

var (
	libraryPath = regexp.MustCompile(`(/\S+) \(0x`)
	staticText  = regexp.MustCompile(`not a dynamic executable|statically linked`)
)

// libraries returns the paths of the shared libraries of a program, its loader
// among them; none for a static one.
func libraries(ctx context.Context, program string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "ldd", program).CombinedOutput()
	if staticText.Match(out) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ldd %s: %w: %s", program, err, out)
	}
	var paths []string
	for _, m := range libraryPath.FindAllSubmatch(out, -1) {
		paths = append(paths, string(m[1]))
	}
	return paths, nil
}
