package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject/corpus"
)

// corpusProgram builds the corpus and returns what runs a command of one of it.
func corpusProgram(t *testing.T) func(kind, command string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "try")
	if out, err := exec.Command("go", "build", "-o", binary, "lsmlab/powerfail/subject/corpus/try").CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	return func(kind, command string) string { return fmt.Sprintf("%s %s %s", binary, kind, command) }
}

// crashCorpus runs crash disk on a program of the corpus with a new seed.
func crashCorpus(t *testing.T, program func(kind, command string) string, k corpus.Kind, name string, args ...string) (status int, said string, cells []rundir.Cell) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	all := append([]string{
		"disk", "--workload-cmd", program(name, "workload"), "--check-cmd", program(name, "check"),
		"--disk-size", "32M", "--seed", fmt.Sprint(rand.Uint64()), "--out", out,
	}, args...)
	switch {
	case k.Needs == "--reopen-cmd":
		all = append(all, k.Needs, program(name, "reopen"))
	case k.Needs != "":
		all = append(all, k.Needs)
	}
	t.Log(strings.Join(all, " "))
	status, said = crash("", all...)
	_, cells, _, err := rundir.Read(out)
	if err != nil {
		t.Fatalf("%v: status %d:\n%s", err, status, said)
	}
	return status, said, cells
}

// What the plain command must find, it finds within 1,000 states: each mistake of the
// corpus that a block device under a journal shows. What becomes durable of half an
// append is a matter of timing, so a miss is tried once more, with other recordings.
// The mended twins are silent.
func TestCorpusDisk(t *testing.T) {
	needDisk(t, "ext4")
	program := corpusProgram(t)
	for i, k := range corpus.Kinds() {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			status, said, _ := crashCorpus(t, program, k, k.Name+"-mended", "--profile", "posix-strict", "--states", "100", "--recordings", "3")
			if status != exitSound {
				t.Errorf("the mended twin: status %d:\n%s", status, said)
			}
			if k.Journal {
				return
			}
			var cells []rundir.Cell
			for try := 0; ; try++ {
				if status, said, cells = crashCorpus(t, program, k, k.Name, "--states", "1000"); status == exitFinding || try == 1 {
					break
				}
			}
			if status != exitFinding {
				t.Fatalf("status %d:\n%s", status, said)
			}
			states := int64(0)
			for _, c := range cells {
				states += c.Distinct
			}
			t.Logf("found in %d states: %s", states, cells[0].Profile)
			if strings.Contains(said, "NaN") || strings.Count(said, "FINDING") != 1 {
				t.Errorf("want one finding and numbers:\n%s", said)
			}
		})
	}
	nothingLeft(t)
}
