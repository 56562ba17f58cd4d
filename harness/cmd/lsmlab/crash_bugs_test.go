//go:build plantedbugs

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/campaign/vmtier"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/vm"
)

// Each planted bug that tier 2 can see is found by it, shrunk, and shown again by
// the directory of the finding. So the column of this tier in the table of bugs is what
// it says.
func TestPlantedBugsDisk(t *testing.T) {
	needDisk(t, "ext4")
	found, shrunk := 0, 0
	for _, b := range bugs.All() {
		if !b.Sees(disk.Tier) {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "run")
			status, said := crash("", "disk", "--engines", "lsm-bptree", "--bug", b.Name, "--profile", "posix-strict", "--states", "10000", "--seed", "1", "--disk-size", "64M", "--out", out)
			if status != exitFinding {
				t.Fatalf("status %d, want %d:\n%s", status, exitFinding, said)
			}
			_, _, findings, err := rundir.Read(out)
			if err != nil || len(findings) != 1 {
				t.Fatalf("%d findings, %v", len(findings), err)
			}
			f := findings[0]
			t.Logf("%s: %s, shown by\n%s", f.Rule, f.Detail, f.Program)
			if f.Rule != oracle.RuleIsolation { // which needs no cut, and its program is kept whole
				found++
			}
			if n := strings.Count(f.Program, "\n"); n <= 150 { // of 200
				shrunk++
			}
			dir, err := filepath.Glob(filepath.Join(out, "findings", "*"))
			if err != nil {
				t.Fatal(err)
			}
			if status, said := crash("", "replay", dir[0]); status != exitFinding || !strings.Contains(said, string(f.Rule)) {
				t.Errorf("replay: status %d:\n%s", status, said)
			}
		})
	}
	// A finding is shrunk by 25 recordings, and what each leaves on the disk is chance.
	if 2*shrunk < found {
		t.Errorf("%d of %d programs were shrunk to 150 lines", shrunk, found)
	}
	nothingLeft(t)
}

// Transactions that are not isolated are a finding of tiers outside the simulation too,
// although no crash shows them, and are shown again.
func TestPlantedBugsIsolation(t *testing.T) {
	needDisk(t, "ext4")
	for _, tier := range [][]string{{"disk", "--disk-size", "64M"}, {"files"}} {
		out := filepath.Join(t.TempDir(), "run")
		args := append(tier, "--engines", "lsm-bptree", "--bug", "txn-unchecked", "--profile", "drop-all", "--states", "2000", "--seed", "1", "--out", out)
		status, said := crash("", args...)
		if status != exitFinding || !strings.Contains(said, "isolation broken: ") {
			t.Fatalf("%s: status %d, want %d:\n%s", tier[0], status, exitFinding, said)
		}
		if status, said := crash("", "replay", filepath.Join(out, "findings", "001-isolation")); status != exitFinding || !strings.Contains(said, "isolation broken: ") {
			t.Errorf("%s: replay: status %d:\n%s", tier[0], status, said)
		}
	}
	nothingLeft(t)
}

// Each planted bug that tier 3 can see is found by it, in one of three cells: which states
// a cut leaves depends on when the guest's kernel writes what. The machines of all cells
// start from one snapshot. Where the cells of [TestCrashVM] would need luck, the method or
// the program is one that shows the bug.
func TestPlantedBugsVM(t *testing.T) {
	init := guestInit(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := vmtier.NewLab(t.Context(), self, init, false)
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	for _, b := range bugs.All() {
		if !b.Sees(vmtier.Name) {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			for seed := range uint64(3) {
				o, broken := cutPlanted(t, lab, b.Name, seed+1)
				if broken != nil {
					t.Logf("%s: %s", broken.Rule, broken.Detail)
					return
				}
				t.Logf("seed %d: not found in %d states", seed+1, o.Distinct)
			}
			t.Error("not found")
		})
	}
}

// cutPlanted runs a cell with a planted bug and returns the first violation, nil if there
// is none. The violation may be one that needs no cut; then there is no outcome.
func cutPlanted(t *testing.T, lab *vm.Lab, bug string, seed uint64) (*vm.Outcome, *oracle.Violation) {
	s := vmtier.Scenario{Cell: vm.Cell{Kernel: "6.1", FS: "ext4", Method: "disk-log"}, States: 100, Seed: seed}
	p := program.Generate(seed, program.Shape{Durability: kv.Synced, Writes: 40, Levels: kv.Isolations(), RangeDeletes: strings.HasPrefix(bug, "range-")})
	switch bug {
	case "sync-error-ignored":
		s.Cell.Method = "flush-error"
	case "batch-split":
		p = largeBatches(10)
	case "txn-torn":
		p = asTxns(largeBatches(10))
	}
	w := vmtier.Workload("lsm-bptree", bug, p, s)
	w.Enough = func(*oracle.Violation) bool { return true }
	o, err := lab.Run(t.Context(), s.Cell, w)
	if broken := program.Broken(err); broken != nil {
		return nil, broken
	}
	if err != nil {
		t.Fatal(err)
	}
	if broken := o.Broken(); len(broken) > 0 {
		return o, broken[0].Verdict.Broken
	}
	return o, nil
}

// largeBatches returns a program of batches, each operation of which fills a
// segment of a small store's log, so that a batch in parts is synced in parts.
func largeBatches(n int) *program.Program {
	p := &program.Program{Durability: kv.Synced}
	for range n {
		p.Steps = append(p.Steps, program.Step{Durability: kv.Synced, Ops: []program.Op{
			{Key: "a", Size: 7000}, {Key: "b", Size: 7000}, {Key: "c", Size: 7000},
		}})
	}
	return p
}

// asTxns returns the program with each batch written by a transaction.
func asTxns(p *program.Program) *program.Program {
	txns := &program.Program{Durability: p.Durability}
	for _, s := range p.Steps {
		txns.Steps = append(txns.Steps,
			program.Step{Kind: program.Begin}, program.Step{Kind: program.TxnWrite, Ops: s.Ops}, program.Step{Kind: program.Commit, Durability: s.Durability})
	}
	return txns
}
