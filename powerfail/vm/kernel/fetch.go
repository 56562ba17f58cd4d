package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Fetch downloads and unpacks every pinned kernel that cacheDir lacks, with
// apt-get and dpkg-deb; nothing is installed and no rights are needed. The folder
// of a package appears in cacheDir only when it is whole.
func Fetch(ctx context.Context, cacheDir string) error {
	for _, k := range Pinned() {
		if _, err := Find(cacheDir, k.Name); err == nil {
			continue
		}
		k.dir = k.folder(cacheDir)
		_, err := os.Stat(k.packed())
		if err != nil {
			err = fetch(ctx, cacheDir, k)
		}
		if err == nil {
			err = unpackImage(k.packed(), k.Image())
		}
		if err != nil {
			return fmt.Errorf("kernel %s: %w", k.Name, err)
		}
	}
	return nil
}

func fetch(ctx context.Context, cacheDir string, k Kernel) (err error) {
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return err
	}
	// Beside its last place, so that the rename stays in one file system.
	tmp, err := os.MkdirTemp(cacheDir, "fetch-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if err := command(ctx, tmp, "apt-get", "download", "-qq", k.Package+"="+k.Version); err != nil {
		return fmt.Errorf("%w (is the package list fresh? `apt-get update`; if the archive has dropped this version, pin another in pinned.txt)", err)
	}
	debs, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil || len(debs) != 1 {
		return fmt.Errorf("apt-get left %d packages in %s, want 1", len(debs), tmp)
	}
	if err := checkSum(debs[0], k.SHA256); err != nil {
		return err
	}
	unpacked := filepath.Join(tmp, "unpacked")
	if err := command(ctx, tmp, "dpkg-deb", "-x", debs[0], unpacked); err != nil {
		return err
	}
	err = os.Rename(unpacked, k.folder(cacheDir))
	if errors.Is(err, os.ErrExist) { // somebody else was faster
		return nil
	}
	return err
}

func command(ctx context.Context, dir, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func checkSum(file, want string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want {
		return fmt.Errorf("%s: SHA-256 %x, pinned is %s", filepath.Base(file), sum, want)
	}
	return nil
}
