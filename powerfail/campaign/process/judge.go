package process

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/oracle"
)

// Judges returns a function that makes judges of an engine's stores. Each judge has a
// process of its own.
func (s Self) Judges(stage *disk.Stage, engine, bug string, d kv.Durability, h *oracle.History) (func() disk.Judge, error) {
	var text bytes.Buffer
	if err := h.Encode(&text); err != nil {
		return nil, err
	}
	file, err := stage.WriteFile("history.jsonl", text.Bytes())
	if err != nil {
		return nil, err
	}
	argv := []string{string(s), "crash", "judge", "--engine", engine, "--small", "--bug", bug, "--durability", d.String(), "--history", file}
	return func() disk.Judge { return disk.NewEngineJudge(stage, argv) }, nil
}

// by has the flags that say what stores are judged by.
type by struct{ history, durability string }

func (b *by) flags(fs *pflag.FlagSet) {
	fs.StringVar(&b.history, "history", "", "`FILE` with the history")
	fs.StringVar(&b.durability, "durability", kv.Synced.String(), "`LEVEL` that the store is opened for")
}

// read returns the history and the durability level.
func (b *by) read() (*oracle.Index, kv.Durability, error) {
	d, err := kv.ParseDurability(b.durability)
	if err != nil {
		return nil, d, fmt.Errorf("--durability: %w", err)
	}
	f, err := os.Open(b.history)
	if err != nil {
		return nil, d, fmt.Errorf("--history: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	h, err := oracle.DecodeHistory(f)
	if err != nil {
		return nil, d, fmt.Errorf("%s: %w", b.history, err)
	}
	index, err := h.Index()
	return index, d, err
}

// judge is the process that judges the stores of one recording.
func judge(fs *pflag.FlagSet) func([]string, io.Reader, io.Writer) error {
	var s store
	var b by
	s.flags(fs)
	b.flags(fs)
	return func(_ []string, stdin io.Reader, stdout io.Writer) error {
		index, d, err := b.read()
		if err != nil {
			return err
		}
		os.Stdout = os.Stderr // an engine that prints must not break the protocol
		return disk.ServeJudge(index, func(dir string) (kv.Engine, error) {
			at := s
			at.dir = dir
			return at.open(d)
		}, stdin, stdout)
	}
}

// check judges a store that a crash left, by a recorded history. It writes to the store,
// since a store must take writes after a crash.
func check(fs *pflag.FlagSet) func([]string, io.Reader, io.Writer) error {
	var s store
	var b by
	var cut oracle.Cut
	kind := oracle.PowerOff.String()
	s.flags(fs)
	s.dirFlag(fs)
	b.flags(fs)
	fs.Int64Var(&cut.Position, "position", 0, "of the crash, in the history's log")
	fs.StringVar(&kind, "kind", kind, "`KIND` of the crash: power or kill")
	return func(_ []string, _ io.Reader, stdout io.Writer) error {
		if err := cut.Kind.UnmarshalText([]byte(kind)); err != nil {
			return fmt.Errorf("--kind: %w", err)
		}
		index, d, err := b.read()
		if err != nil {
			return err
		}
		verdict := index.NewChecker().Check(func() (kv.Engine, error) { return s.open(d) }, cut)
		if err := json.NewEncoder(stdout).Encode(verdict); err != nil {
			return err
		}
		if verdict.Broken != nil {
			return &BrokenError{s.dir, verdict.Broken.String()}
		}
		return nil
	}
}
