package disk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/internal/tiertest"
	"lsmlab/powerfail/subject"
)

// The test binary is also the processes that a run starts, by its first argument.
func TestMain(m *testing.M) {
	roles := map[string]func(args []string) error{"serve": serve, "judge": judge, "record": record}
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		if err := roles[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func serve(args []string) error {
	s, err := ParseServed(args)
	if err != nil {
		return err
	}
	return Serve(s, os.Stdin, os.Stdout)
}

// record records a shell command in a stage of its own, until somebody kills it.
func record(args []string) error {
	s, err := NewStage()
	if err != nil {
		return err
	}
	return Record(context.Background(), s, source(fileSystems[0], own(args[0], &subject.Run{})), args[1])
}

// fileSystem returns one that can be made here, or skips the test.
func fileSystem(t testing.TB, name string) FileSystem {
	t.Helper()
	kind := tiertest.Must(LookupFileSystem(name))(t)
	if err := Require(kind); err != nil {
		testneed.Missing(t, err)
	}
	return kind
}

// stage returns a new one, which releases all when the test ends, however.
func stage(t testing.TB) *Stage {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	s := tiertest.Must(NewStage())(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// source is a recording of a workload on a small disk.
func source(kind FileSystem, w Workload) Source {
	return Source{FileSystem: kind, Size: max(32<<20, kind.MinSize), Server: tiertest.Self("serve"), Workload: w}
}

func own(command string, run *subject.Run) Workload {
	return Own(subject.Program{Workload: command}, run)
}

// recorded returns the log of a shell command.
func recorded(t testing.TB, s *Stage, kind FileSystem, command string) *blocklog.Log {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk.blocklog")
	var run subject.Run
	tiertest.Check(t, Record(context.Background(), s, source(kind, own(command, &run)), name))
	if run.Failed != nil {
		t.Fatalf("%s: %s", command, run.Failed.Headline())
	}
	return tiertest.Must(blocklog.ReadFile(name))(t)
}
