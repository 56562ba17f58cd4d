// Package kernel gets the Linux kernels that tier 3 boots: Debian's own packages,
// unpacked into a cache folder and not installed, and the initramfs that starts
// the guest's init on them.
//
// Which packages is pinned by version and by SHA-256 in pinned.txt, and nowhere
// else; results record what a cell booted.
package kernel

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed pinned.txt
var pinned string

// Kernel is one pinned kernel package.
type Kernel struct {
	Name    string // how flags and results call it, "6.1"
	Package string // Debian package
	Version string // of the package
	SHA256  string // of the package, in hex
	dir     string // its files, once found
}

// Pinned returns the kernels of pinned.txt, in its order.
func Pinned() []Kernel {
	kernels, err := parsePinned(pinned)
	if err != nil {
		panic(err) // built in, and tested
	}
	return kernels
}

func parsePinned(text string) ([]Kernel, error) {
	var kernels []Kernel
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 4 {
			return nil, fmt.Errorf("pinned.txt line %d: %d fields, want name, package, version, SHA-256", n+1, len(f))
		}
		kernels = append(kernels, Kernel{Name: f[0], Package: f[1], Version: f[2], SHA256: f[3]})
	}
	return kernels, nil
}

// Names returns the names of the pinned kernels.
func Names() []string {
	var names []string
	for _, k := range Pinned() {
		names = append(names, k.Name)
	}
	return names
}

// CacheDir is where the kernels are kept if nothing else is said: outside of any
// checkout, so that a clean clone finds those that another one fetched.
func CacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to keep kernels in: %w", err)
	}
	return filepath.Join(cache, "lsmlab", "kernels"), nil
}

// Find returns the kernel of that name in a cache folder. The error says how to
// fetch it if it is not there.
func Find(cacheDir, name string) (Kernel, error) {
	for _, k := range Pinned() {
		if k.Name != name {
			continue
		}
		k.dir = k.folder(cacheDir)
		if _, err := os.Stat(k.Image()); err != nil {
			return Kernel{}, fmt.Errorf("kernel %s (%s %s) is not in %s: fetch it with `make kernels`", name, k.Package, k.Version, cacheDir)
		}
		return k, nil
	}
	return Kernel{}, fmt.Errorf("no kernel %q; pinned are %s", name, strings.Join(Names(), ", "))
}

func (k Kernel) folder(cacheDir string) string {
	return filepath.Join(cacheDir, k.Package+"_"+k.Version)
}

// release is the kernel's own name for itself, as in uname -r.
func (k Kernel) release() string { return strings.TrimPrefix(k.Package, "linux-image-") }

// Image is the path of the kernel that is booted: an ELF file, unpacked.
func (k Kernel) Image() string { return filepath.Join(k.dir, "boot", "vmlinux-"+k.release()) }

// packed is the path of the image in the package.
func (k Kernel) packed() string { return filepath.Join(k.dir, "boot", "vmlinuz-"+k.release()) }

func (k Kernel) modulesDir() string { return filepath.Join(k.dir, "lib", "modules", k.release()) }
