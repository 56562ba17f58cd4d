package vm

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/vm/kernel"
	"lsmlab/powerfail/vm/wire"
)

// Options say what a [Lab] works with.
type Options struct {
	Program string   // path of the program that runs in the guest as /tools/lsmlab
	Env     []string // of the program in the guest
	Init    string   // path of the guest's init: package guest, built static
	Kernels string   // folder of fetched kernels; "" is kernel.CacheDir
	// Cold boots each machine from its firmware on. Otherwise one machine is booted, and all
	// others go on from its state, in which no disk of a store was ever read.
	Cold bool
}

// Lab is what all cells share. Cells run one at a time.
type Lab struct {
	options   Options
	init      []byte
	tools     *os.File
	kernels   string
	formatted map[string]*blocklog.Image // by file system: new ones

	mu      sync.Mutex // a cell may boot two machines at once
	saved   *os.File   // state of a machine that came up
	savedOf string     // which
}

// NewLab prepares the guest's programs.
func NewLab(ctx context.Context, o Options) (*Lab, error) {
	l := &Lab{options: o, kernels: o.Kernels, formatted: map[string]*blocklog.Image{}}
	var err error
	if l.kernels == "" {
		if l.kernels, err = kernel.CacheDir(); err != nil {
			return nil, err
		}
	}
	if l.init, err = os.ReadFile(o.Init); err != nil {
		return nil, fmt.Errorf("init of the guest: %w: `make build` builds it", err)
	}
	if l.tools, err = packTools(ctx, o.Program); err != nil {
		return nil, err
	}
	return l, nil
}

// Close releases the files and the memory of the lab.
func (l *Lab) Close() error {
	if l.saved != nil {
		release(l.saved)
	}
	return l.tools.Close()
}

// logSize is the size of a disk that writes are logged on, in bytes; it is sparse.
const logSize = 1 << 30

// machineLimit bounds how long one machine runs. It is long enough for a busy host, and for a
// machine that waits until another one has done its work.
const machineLimit = 10 * time.Minute

// boot starts a machine with the disk of the store and an empty one to log on.
func (l *Lab) boot(ctx context.Context, kernelName string, fs fileSystem, data drive, log *os.File) (*machine, error) {
	if err := log.Truncate(logSize); err != nil {
		return nil, err
	}
	k, err := kernel.Find(l.kernels, kernelName)
	if err != nil {
		return nil, err
	}
	initramfs, err := l.initramfs(k, fs)
	if err != nil {
		return nil, err
	}
	defer release(initramfs)
	c := machineConfig{
		Kernel: k.Image(), Initramfs: initramfs, Memory: 384, Limit: machineLimit, Ready: l.mountTools,
		Drives: []drive{{Name: "tools", Source: fileSource{l.tools}, ReadOnly: true}, data, {Name: "log", Source: fileSource{log}}},
	}
	if l.options.Cold {
		return startMachine(ctx, c)
	}
	if c.Snapshot, err = l.snapshot(ctx, kernelName+"/"+fs.name, c, fs); err != nil {
		return nil, err
	}
	return startMachine(ctx, c)
}

func (l *Lab) initramfs(k kernel.Kernel, fs fileSystem) (*os.File, error) {
	names := append([]string{"virtio_pci", "virtio_console", "virtio_blk", "ext4"}, fs.modules...)
	modules, err := k.Modules(names...)
	if err != nil {
		return nil, err
	}
	// In the same order, and then what only the device mapper needs.
	all, err := k.Modules(append(names, "dm-flakey", "dm-log-writes")...)
	if err != nil {
		return nil, err
	}
	archive, err := kernel.Initramfs(l.init, modules, all[len(modules):])
	if err != nil {
		return nil, err
	}
	return memoryFileOf(archive)
}

// snapshot returns the state of a machine that has just booted with a disk of zeros. The last
// snapshot is kept, because neighbouring cells mostly boot the same machine.
func (l *Lab) snapshot(ctx context.Context, of string, c machineConfig, fs fileSystem) (*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.saved != nil && l.savedOf == of {
		return l.saved, nil
	}
	c.Drives = slices.Clone(c.Drives)
	c.Drives[1] = drive{Name: dataDisk, Source: newNBDSource(newMemoryDisk(blocklog.NewImage(fs.size)))}
	m, err := startMachine(ctx, c)
	if err != nil {
		return nil, err
	}
	defer m.kill()
	f, err := memoryFile()
	if err != nil {
		return nil, err
	}
	if err := m.save(f); err != nil {
		release(f)
		return nil, err
	}
	if l.saved != nil {
		release(l.saved)
	}
	l.saved, l.savedOf = f, of
	return f, nil
}

// mountTools makes the lab's program available in a guest that has come up, in a
// snapshot with the program in memory.
func (l *Lab) mountTools(m *machine) error {
	_, err := m.do(wire.Request{Mount: &wire.Mount{Device: "/dev/vda", Dir: toolsDir, FS: "ext4", ReadOnly: true}})
	if err == nil && !l.options.Cold {
		err = l.warmUp(m)
	}
	return err
}

// warmUp runs the lab's program once. Its next start takes half the time, because the program is
// then in memory and QEMU has translated its instructions.
func (l *Lab) warmUp(m *machine) error {
	_, err := m.do(wire.Request{Run: l.program([]string{"--help"})})
	return err
}

// newDisk returns an empty file system of that name, in memory.
func (l *Lab) newDisk(ctx context.Context, fs fileSystem) (*blocklog.Image, error) {
	if image := l.formatted[fs.name]; image != nil {
		return image, nil
	}
	f, err := fs.format(ctx, memoryFile)
	if err != nil {
		return nil, err
	}
	defer release(f)
	image, err := readImage(f)
	if err == nil {
		l.formatted[fs.name] = image
	}
	return image, err
}

// program is the lab's program in the guest with these arguments.
func (l *Lab) program(args []string) *wire.Command {
	// The path of the loader is fixed in the program, the paths of the libraries are not.
	env := append(slices.Clone(l.options.Env), "LD_LIBRARY_PATH="+libraryDir)
	return &wire.Command{Args: append([]string{toolsProgram}, args...), Env: env}
}
