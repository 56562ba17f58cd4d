package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lsmlab/engines/nearest"
	"lsmlab/harness"
	"lsmlab/harness/human"
	"lsmlab/harness/studies"
	"lsmlab/harness/study"
	"lsmlab/harness/study/conduct"
)

// allStudies stands for every study.
const allStudies = "all"

// studyFlags are the flags of study.
type studyFlags struct {
	size                    string
	quick, resume, noReport bool
	rounds                  int
	out, data               string
}

func (a *app) studyCommand() *cobra.Command {
	var f studyFlags
	c := &cobra.Command{
		Use:   "study NAME|all",
		Short: "Measure what someone claims, and say whether it holds here",
		Long: `A study is a question, claims with their figures and where they stand, races that measure them
anew, and a verdict on each: reproduced (our interval holds the figure), same direction, no difference
shown, contradicted. Studies are listed by ` + "`lsmlab list studies`" + `.

Each part of a study is an ordinary run in DIR/parts/NAME, for ` + "`lsmlab compare`" + ` and ` + "`lsmlab report`" + `.
The verdicts are DIR/verdicts.jsonl and the page DIR/index.html; with "all" one table holds those of all
studies. A verdict against a claim is a result and no failure: the exit status is 1 only if a cell failed.`,
		Example: `  lsmlab study locks --out results/locks
  lsmlab study all --quick --out results/studies`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("study: %d names given: want one of a study, or all", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.study(c, args[0], f) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.size, "size", string(study.Full), "how much is measured: full (all studies: hours), quick (minutes), tiny (seconds: shows that it runs)")
	fs.BoolVar(&f.quick, "quick", false, "the same as --size quick")
	fs.IntVar(&f.rounds, "rounds", 0, "repetitions, in place of those of the plans; 2 or more give intervals")
	fs.StringVar(&f.out, "out", "", "`DIR` of the study (default results/study-NAME-TIME)")
	fs.StringVar(&f.data, "data", "", "`DIR` where stores are made (default: in the directory of each part)")
	fs.BoolVar(&f.resume, "resume", false, "go on with the study in --out, if there is one")
	noReportFlag(fs, &f.noReport)
	c.MarkFlagsMutuallyExclusive("quick", "size")
	return c
}

func (a *app) study(c *cobra.Command, name string, f studyFlags) error {
	size := study.Size(f.size)
	if f.quick {
		size = study.Quick
	}
	var err error
	if f.out, err = runDir(f.out, "study-"+name, f.resume); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	k := conduct.Conductor{
		Catalog: a.catalog, DataDir: f.data, Resume: f.resume, Command: []string{self, "cell"}, Stdout: a.stdout, Stderr: a.stderr,
		Again: commandLine("lsmlab study "+name, c.Flags()) + " --out " + human.ShellWord(f.out),
	}
	chosen, err := chooseStudies(k, name, size, f.rounds)
	if err != nil {
		return err
	}
	var verdicts []study.Verdict
	if name == allStudies {
		verdicts, err = k.RunAll(c.Context(), size, chosen, f.out)
	} else {
		verdicts, err = k.Run(c.Context(), chosen[0], f.out)
	}
	if len(verdicts) > 0 {
		err = errors.Join(err, conduct.Print(a.stdout, verdicts))
	}
	if f.noReport {
		return err
	}
	return a.drawPage(f.out, err)
}

// chooseStudies returns the studies of a name, of a size, checked.
func chooseStudies(k conduct.Conductor, name string, size study.Size, rounds int) (chosen []study.Study, err error) {
	var names []string
	for _, s := range studies.All() {
		names = append(names, s.Name)
		if name != allStudies && s.Name != name {
			continue
		}
		if s, err = s.Sized(size); err != nil {
			return nil, &harness.UsageError{Text: "--size: " + err.Error()}
		}
		for i := range s.Parts {
			if rounds != 0 {
				s.Parts[i].Plan.Rounds = rounds
			}
		}
		if err := k.Check(&s); err != nil {
			return nil, err
		}
		chosen = append(chosen, s)
	}
	if len(chosen) == 0 {
		return nil, &harness.UsageError{Text: strings.TrimSpace(nearest.Unknown("study", name, append(names, allStudies)).Error())}
	}
	return chosen, nil
}
