package kernel

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"
)

// Module is one loadable kernel module.
type Module struct {
	Name string
	Data []byte // the ELF object, unpacked
}

// Modules returns the named modules and all that they depend on, each after what
// it needs. Modules that are built into this kernel are left out.
//
// An unpacked package has no modules.dep (a script of its installation makes
// it), so the order comes from the .modinfo section of the modules themselves.
func (k Kernel) Modules(names ...string) ([]Module, error) {
	builtin, files, err := k.moduleFiles()
	if err != nil {
		return nil, err
	}
	r := resolver{builtin: builtin, files: files, seen: map[string]bool{}}
	for _, name := range names {
		if err := r.add(name); err != nil {
			return nil, fmt.Errorf("kernel %s: %w", k.Name, err)
		}
	}
	return r.order, nil
}

// moduleFiles lists what is built in, and the file of each module by its name.
func (k Kernel) moduleFiles() (builtin map[string]bool, files map[string]string, err error) {
	list, err := os.ReadFile(filepath.Join(k.modulesDir(), "modules.builtin"))
	if err != nil {
		return nil, nil, err
	}
	builtin, files = map[string]bool{}, map[string]string{}
	for _, file := range strings.Fields(string(list)) {
		builtin[moduleName(file)] = true
	}
	err = filepath.WalkDir(k.modulesDir(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(d.Name(), ".ko") {
			files[moduleName(path)] = path
		}
		return err
	})
	return builtin, files, err
}

// moduleName is the name of the module in a file. Dashes and underscores are the
// same to the kernel.
func moduleName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// resolver walks dependencies depth first.
type resolver struct {
	builtin map[string]bool
	files   map[string]string
	seen    map[string]bool
	order   []Module
}

func (r *resolver) add(name string) error {
	name = moduleName(name)
	if r.builtin[name] || r.seen[name] {
		return nil
	}
	r.seen[name] = true
	file, ok := r.files[name]
	if !ok {
		return fmt.Errorf("no module %s", name)
	}
	data, err := readModule(file)
	if err != nil {
		return err
	}
	depends, err := dependencies(data)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, d := range depends {
		if err := r.add(d); err != nil {
			return fmt.Errorf("%s needs %w", name, err)
		}
	}
	r.order = append(r.order, Module{Name: name, Data: data})
	return nil
}

func readModule(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil || filepath.Ext(file) != ".xz" {
		return data, err
	}
	unpacked, err := xz.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return io.ReadAll(unpacked)
}

// dependencies reads the modules that a module says it needs: the line
// "depends=a,b" among the zero-terminated ones of its .modinfo section.
func dependencies(module []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("no .modinfo section: not a kernel module")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(line, "depends="); ok {
			names = append(names, strings.Split(list, ",")...)
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "" }), nil
}
