package process

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/program"
)

// store is the store that a role opens.
type store struct {
	engine, dir, bug string
	small            bool
}

func (s *store) flags(fs *pflag.FlagSet) {
	fs.StringVar(&s.engine, "engine", "", "`NAME` of the engine, see lsmlab list engines")
	fs.StringVar(&s.bug, "bug", "", "`NAME` of a planted bug, see lsmlab list faults")
	fs.BoolVar(&s.small, "small", false, "sizes that make tables, logs and manifests end early")
}

// dirFlag adds the flag of a role that opens one directory.
func (s *store) dirFlag(fs *pflag.FlagSet) { fs.StringVar(&s.dir, "dir", "", "`DIR` of the store") }

// open opens the store for a durability level, with the planted bug if one is named.
func (s *store) open(d kv.Durability) (kv.Engine, error) {
	if s.engine == "" || s.dir == "" {
		return nil, fmt.Errorf("--engine %q, --dir %q: say which engine opens which directory", s.engine, s.dir)
	}
	var fs vfs.FS // the operating system's
	if s.bug != "" {
		b, err := bugs.Lookup(s.bug)
		if err != nil {
			return nil, err
		}
		fs = b.Wrap(vfs.OS)
	}
	return engines.Open(s.engine, s.dir, engines.Options{
		CacheSize: 8 << 20, MemTableSize: 4 << 20, Durability: d, FS: fs, Small: s.small,
	})
}

// worker is the role of the process whose writes are recorded: see [program.Tell].
func worker(fs *pflag.FlagSet) func([]string, io.Reader, io.Writer) error {
	var s store
	var file string
	s.flags(fs)
	s.dirFlag(fs)
	fs.StringVar(&file, "program", "", "`FILE` with the program")
	return func(_ []string, stdin io.Reader, stdout io.Writer) error {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("--program: %w", err)
		}
		p, err := program.Parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		return program.Tell(p, func() (kv.Engine, error) { return s.open(p.Durability) }, stdin, stdout)
	}
}
