package files

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/internal/tiertest"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
	"lsmlab/powerfail/subject/corpus"
)

// The test binary is also the processes that a run starts, by its first argument.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := serve(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "watched" {
		fmt.Fprintln(os.Stderr, Watched(os.Args[2:]))
		os.Exit(2)
	}
	if len(os.Args) > 1 && os.Args[1] == "corpus" {
		os.Exit(corpus.Run(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func serve(args []string) error {
	var fault disk.Fault
	if args[2] != "" {
		var err error
		if fault, err = disk.ParseFault(args[2]); err != nil {
			return err
		}
	}
	log, err := os.Create(args[3])
	if err != nil {
		return err
	}
	defer log.Close()
	return Serve(args[0], args[1], fault, log, os.Stdin, os.Stdout)
}

// newStage returns a stage that is closed at the end of the test.
func newStage(t testing.TB) *disk.Stage {
	t.Helper()
	if err := Require(); err != nil {
		testneed.Missing(t, err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	s := tiertest.Must(disk.NewStage())(t)
	t.Cleanup(func() { tiertest.Check(t, s.Close()) })
	return s
}

// recorded is a log with its program.
type recorded struct {
	*Exploration
	run subject.Run
}

// record records a program and returns what explores it.
func record(t testing.TB, stage *disk.Stage, p subject.Program, fault disk.Fault) *recorded {
	t.Helper()
	log := filepath.Join(t.TempDir(), LogName)
	r := &recorded{}
	tiertest.Check(t, Record(context.Background(), stage, Source{Server: tiertest.Self("serve"), Watched: tiertest.Self("watched"), Fault: fault, Workload: disk.Own(p, &r.run)}, log))
	r.Exploration = exploring(t, stage, p, log)
	return r
}

func exploring(t testing.TB, stage *disk.Stage, p subject.Program, log string) *Exploration {
	t.Helper()
	x := exploringLog(t, stage, tiertest.Must(readLog(log))(t))
	x.LogFile = log
	x.Judge = func() disk.Judge { return disk.NewCommandJudge(stage, p, x.Log.acked) }
	return x
}

// exploringLog explores a log with a judge who is always content.
func exploringLog(t testing.TB, stage *disk.Stage, l *Log) *Exploration {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return &Exploration{
		Stage: stage, Log: l, Judge: func() disk.Judge { return content{} },
		Profile: explore.PosixStrict, Seed: seed, States: 300, Workers: 2, Causes: map[string]bool{}, Role: explore.Patterns(),
	}
}

// find explores, and returns the first finding or nil.
func (x *Exploration) find(t testing.TB) (*rundir.Finding, explore.Counts) {
	t.Helper()
	counts, found, err := x.Run(context.Background())
	tiertest.Check(t, err)
	if len(found) == 0 {
		return nil, counts
	}
	return found[0], counts
}

type content struct{}

func (content) Judge(context.Context, string, int64) (*oracle.Violation, error) { return nil, nil }
func (content) Release() error                                                  { return nil }
