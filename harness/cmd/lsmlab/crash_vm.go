package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/cmd/crashrun"
	"lsmlab/harness/cmd/seedflag"
	"lsmlab/powerfail/campaign/vmtier"
	"lsmlab/powerfail/vm"
	"lsmlab/powerfail/vm/kernel"
)

type vmFlags struct {
	crashrun.Flags
	grid   vmtier.Grid
	cold   bool
	writes int
	init   string
}

func (a *app) crashVMCommand() *cobra.Command {
	var f vmFlags
	c := &cobra.Command{
		Use:   "vm",
		Short: "Tier 3: an engine in a virtual machine whose power is cut",
		Long: `Runs a program on a store in a virtual machine with a real kernel and file system, cuts the power
by the methods given, and judges the store after a reboot, in the machine. Needs QEMU, mkfs of the
file systems, and the kernels that ` + "`make kernels`" + ` fetches; no rights.

Methods:
` + vmtier.MethodList() + `
Exit status: 0 sound; 1 a finding, kept in the run directory with the command that shows it again;
2 wrong use or broken environment; 130 interrupted, what was found is on disk.`,
		Example: `  lsmlab crash vm --engines lsm-bptree --methods sigkill
  lsmlab crash vm --engines lsm-bptree,pebble --fs xfs --methods disk-log --states 40
  lsmlab crash vm --matrix --out results/matrix`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.crashVM(c, &f) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&f.Engines, "engines", []string{"lsm-bptree"}, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers")
	fs.StringSliceVar(&f.grid.Methods, "methods", []string{"sigkill", "flakey-drop", "disk-log"}, "`NAMES` of ways to cut the power, see above")
	fs.StringSliceVar(&f.grid.Kernels, "kernels", kernel.Names()[:1], "`NAMES` of the guest's kernels: "+strings.Join(kernel.Names(), ", "))
	fs.StringSliceVar(&f.grid.FileSystems, "fs", vm.FileSystems()[:1], "`NAMES` of the guest's file systems: "+strings.Join(vm.FileSystems(), ", "))
	fs.BoolVar(&f.grid.All, "matrix", false, "all kernels, file systems and methods")
	fs.IntVar(&f.writes, "writes", 40, "of the program")
	fs.Int64Var(&f.States, "states", 8, "crash states of a method that records the disk")
	seedflag.Add(fs, &f.Seed)
	fs.Var(&f.Shard, "shard", "part I of N of the cells, I from 0: 0/4")
	fs.StringVar(&f.Bug, "bug", "", "`NAME` of a bug to plant, see lsmlab list faults")
	fs.BoolVar(&f.cold, "cold", false, "boot each machine from its firmware on, not from a snapshot")
	fs.StringVar(&f.init, "init", "", "`FILE`: init of the guest (default lsmlab-init beside this program)")
	f.AddOut(c)
	c.MarkFlagsMutuallyExclusive("matrix", "methods")
	c.MarkFlagsMutuallyExclusive("matrix", "kernels")
	c.MarkFlagsMutuallyExclusive("matrix", "fs")
	return c
}

func (a *app) crashVM(c *cobra.Command, f *vmFlags) error {
	cells, err := f.cells()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	lab, err := vmtier.NewLab(c.Context(), self, f.init, f.cold)
	if err != nil {
		return &harness.UsageError{Text: "crash vm: " + err.Error(), Err: err}
	}
	defer func() { _ = lab.Close() }() // it holds memory alone
	return f.Explore(c, &vmtier.Tier{Options: &f.Options, Cells: cells, Writes: f.writes, Lab: lab})
}

// cells lists what is to be run, and refuses values that make no sense before anything is
// booted.
func (f *vmFlags) cells() (cells []vmtier.Cell, err error) {
	if err := f.CheckEngines(); err != nil {
		return nil, err
	}
	if f.writes < 2 || f.States < 1 {
		return nil, &harness.UsageError{Text: fmt.Sprintf("--writes %d, --states %d: want two writes and one state at least", f.writes, f.States)}
	}
	if cells, err = f.grid.Cells(f.Engines, f.Shard); err != nil {
		return nil, &harness.UsageError{Text: err.Error(), Err: err}
	}
	return cells, nil
}
