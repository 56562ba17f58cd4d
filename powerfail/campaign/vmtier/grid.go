package vmtier

import (
	"fmt"
	"slices"
	"strings"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/vm"
	"lsmlab/powerfail/vm/kernel"
)

// Grid says which cells are run: each engine under each kernel, file system and method.
type Grid struct {
	Kernels, FileSystems, Methods []string
	All                           bool // all that there are, whatever is listed
}

// Cells lists the cells of a shard. Those that boot alike stand beside each other. It
// refuses names that are unknown, and leaves out what comes twice.
func (g Grid) Cells(engines []string, shard campaign.Shard) (cells []Cell, err error) {
	if g.All {
		g = Grid{Kernels: kernel.Names(), FileSystems: vm.FileSystems(), Methods: methods()}
	}
	for _, axis := range []struct {
		flag         string
		given, known []string
	}{
		{"methods", g.Methods, methods()}, {"kernels", g.Kernels, kernel.Names()}, {"fs", g.FileSystems, vm.FileSystems()},
	} {
		for _, name := range axis.given {
			if !slices.Contains(axis.known, name) {
				return nil, fmt.Errorf("--%s %q: want some of %s", axis.flag, name, strings.Join(axis.known, ", "))
			}
		}
	}
	all := g.product(engines)
	for i, c := range all {
		if shard.Takes(i) {
			cells = append(cells, c)
		}
	}
	return cells, nil
}

// product returns the cells of all shards.
func (g Grid) product(engines []string) (cells []Cell) {
	for _, k := range g.Kernels {
		for _, fs := range g.FileSystems {
			for _, engine := range engines {
				for _, m := range g.Methods {
					c := Cell{Cell: vm.Cell{Kernel: k, FS: fs, Method: m}, Engine: engine}
					if !slices.Contains(cells, c) {
						cells = append(cells, c)
					}
				}
			}
		}
	}
	return cells
}

// methods returns the names of the ways to cut the power.
func methods() (names []string) {
	for _, m := range vm.Methods() {
		names = append(names, m[0])
	}
	return names
}

// MethodList says what the methods do, a line for each.
func MethodList() string {
	var b strings.Builder
	for _, m := range vm.Methods() {
		fmt.Fprintf(&b, "  %-15s %s\n", m[0], m[1])
	}
	return b.String()
}
