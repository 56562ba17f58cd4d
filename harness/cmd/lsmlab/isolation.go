package main

import (
	"github.com/spf13/cobra"

	"lsmlab/harness/cmd/cmdline"
	"lsmlab/harness/cmd/isolationrun"
	"lsmlab/harness/cmd/seedflag"
)

func (a *app) isolationCommand() *cobra.Command {
	r := isolationrun.Request{Stdout: a.stdout, Stderr: a.stderr}
	c := &cobra.Command{
		Use:   "isolation",
		Short: "Find out which isolation level engines give",
		Long: `Runs transactions beside each other on engines, at each isolation level that they give, and judges what
the transactions saw: the cases of Hermitage, and random scripts of few keys. Each random script is run
step by step, in an order that its seed gives, and again with its sessions beside each other.

The run directory keeps every history, and of each engine and level the first script that shows an anomaly
the level forbids, made smaller: lsmlab isolation replay shows it again. Of an engine that tells the LSNs
of transactions a second judge goes by those, and the two must agree.

With --crash the power is cut as well, in simulation or on a recorded disk, while interleaved transactions
of each level run on our own engines. Every state that this may leave is judged: by torn transactions,
acknowledged ones that are lost, holes (one that survived a lost one before it), aborted ones that are
there, and a past that reads otherwise than it was. Findings are shown again by lsmlab crash replay.

Exit status: 0 every engine gives what it promises; 1 one gives less, or failed; 2 wrong use.`,
		Example: `  lsmlab isolation
  lsmlab isolation --engines badger --level serializable --scripts 500
  lsmlab isolation --engines lsm-skiplist --crash sim --states 100000
  lsmlab isolation check my-history.jsonl`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			seedflag.Draw(c.Flags())
			r.Again = cmdline.Of(c.CommandPath(), c.Flags())
			return r.Run(c.Context())
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&r.Engines, "engines", []string{"@own", "@peers"}, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers")
	fs.StringSliceVar(&r.Levels, "level", nil, "`LEVELS` to ask for: read-committed, snapshot, serializable (default: all that an engine gives)")
	fs.StringVar(&r.Durability, "durability", "buffered", "durability level of commits: volatile, buffered or synced")
	seedflag.Add(fs, &r.Seed)
	fs.IntVar(&r.Scripts, "scripts", 200, "random scripts of each form, run in both ways")
	fs.IntVar(&r.Keep, "findings", 3, "findings to keep of an engine and level")
	fs.StringVar(&r.Crash.Tier, "crash", "", "`TIER` that cuts the power too: sim or disk (which needs root)")
	fs.Int64Var(&r.Crash.States, "states", 0, "crash states of an engine and level, with --crash (default 10000 of sim, 300 of disk)")
	fs.StringVar(&r.Crash.Bug, "bug", "", "`NAME` of a bug to plant in what is crashed, see lsmlab list faults")
	fs.StringVar(&r.Out, "out", "", "`DIR` of the run (default results/isolation-TIME)")
	c.AddCommand(a.isolationCheckCommand(), a.isolationConvertCommand(), a.isolationReplayCommand())
	return c
}

func (a *app) isolationCheckCommand() *cobra.Command {
	var level string
	var asJSON bool
	c := &cobra.Command{
		Use:   "check FILE..",
		Short: "Judge recorded histories",
		Long: `Reads histories of transactions, as the clients of any database saw them, and says which isolation
levels each cannot have had, with the smallest evidence. A history is one of Jepsen (EDN or JSON, as Elle
reads it), or JSON, one transaction a line:

  {"process": 0, "outcome": "committed", "begin": 3, "end": 8, "ops": [["append", "x", 1], ["r", "x", [1]]]}

Operations are ["append", KEY, ELEMENT] and ["r", KEY, [ELEMENT, ..]] on lists, or ["w", KEY, VALUE] and
["r", KEY, VALUE or null] on registers; a fourth part, "range", marks a read that was part of a range read.
No value is written twice to one key. The outcome may be aborted or unknown. Where all transactions have
"read_lsn", and those that wrote "commit_lsn", a second judge goes by these, for the level demanded.

Exit status: 0 the levels were judged, and --level is not refuted; 1 --level is refuted; 2 no history there.`,
		Example: `  lsmlab isolation check powerfail/isolation/testdata/write-skew.jsonl
  lsmlab isolation check --level serializable powerfail/isolation/testdata/write-skew.jsonl   # a finding`,
		Args: someArgs("the file of a history"),
		RunE: func(_ *cobra.Command, files []string) error {
			return isolationrun.Check(a.stdout, files, level, asJSON)
		},
	}
	c.Flags().StringVar(&level, "level", "", "`LEVEL` that is demanded: exit status 1 if a history refutes it")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one history a line")
	return c
}

func (a *app) isolationReplayCommand() *cobra.Command {
	tries := 0
	c := &cobra.Command{
		Use:   "replay FINDING_DIR",
		Short: "Show a finding again",
		Long: `Runs the script of a finding on a fresh store of its engine. A stepwise script shows the same again; one
whose sessions ran beside each other is tried up to --tries times.

Exit status: 1 what was promised is refuted again; 0 it is not any more; 2 no finding there.`,
		Example: "  lsmlab isolation replay results/isolation-20260102-030405/findings/001",
		Args:    oneArg("the directory of one finding"),
		RunE: func(c *cobra.Command, args []string) error {
			return isolationrun.Replay(c.Context(), a.stdout, args[0], tries)
		},
	}
	c.Flags().IntVar(&tries, "tries", 1000, "runs of a script whose sessions run beside each other")
	return c
}

func (a *app) isolationConvertCommand() *cobra.Command {
	to := ""
	c := &cobra.Command{
		Use:   "convert FILE",
		Short: "Write a history in another format",
		Long: `Reads a history as lsmlab isolation check does, and prints it: lines is one transaction a line, edn and
json are the formats of Jepsen, which Elle judges. Those do not say which reads are parts of range reads.`,
		Example: "  lsmlab isolation convert --to edn results/run/histories/badger-serializable.jsonl > history.edn",
		Args:    oneArg("the file of one history"),
		RunE: func(_ *cobra.Command, args []string) error {
			return isolationrun.Convert(a.stdout, args[0], to)
		},
	}
	c.Flags().StringVar(&to, "to", "lines", "`FORMAT`: lines, edn or json")
	return c
}
