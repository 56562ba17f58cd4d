package rundir

import (
	"encoding/json"
	"slices"
	"time"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
)

// Run says what ran.
type Run struct {
	Tier     string            `json:"tier"`    // sim, files, disk or vm
	Command  string            `json:"command"` // line that runs it again
	Seed     uint64            `json:"seed"`
	Seeds    []uint64          `json:"seeds,omitempty"` // of a run in chunks: that of each, drawn from Seed
	Shard    string            `json:"shard,omitempty"` // I/N
	Versions map[string]string `json:"versions"`        // go, commit, kernel, engines
	Started  time.Time         `json:"started"`
	Ended    time.Time         `json:"ended"`
	Stopped  bool              `json:"stopped,omitempty"` // by Ctrl-C: there may be more to find
}

// Key tells cells apart.
type Key struct {
	Engine     string `json:"engine"`
	FileSystem string `json:"fileSystem"` // "model" for the simulated one
	Profile    string `json:"profile"`
	Bug        string `json:"bug,omitempty"` // planted
}

// Cell is what was explored of one engine.
type Cell struct {
	Key
	explore.Counts
	Seconds float64 `json:"seconds"`
}

// Rate returns distinct states a second, and 0 of a cell that took no time.
func (c *Cell) Rate() float64 {
	if c.Seconds <= 0 {
		return 0
	}
	return float64(c.Distinct) / c.Seconds
}

// Finding is a crash state that breaks a rule.
type Finding struct {
	Tier string `json:"tier"`
	Key
	Rule     oracle.Rule      `json:"rule"`
	Detail   string           `json:"detail"`
	Weakest  explore.Profile  `json:"weakest,omitempty"` // profile that shows it; "" if the tier has none
	Cut      oracle.Cut       `json:"cut"`
	Depth    int              `json:"depth"`            // crashes, with the one before
	Before   string           `json:"before,omitempty"` // operation that did not happen any more
	Lost     []Loss           `json:"lost,omitempty"`   // what must be lost for it, no more
	Command  string           `json:"command"`          // line that shows it again
	Shrunk   bool             `json:"shrunk,omitempty"` // the program is the least that was found to show it
	Acked    []Acked          `json:"acked,omitempty"`  // what must be found, of a person's own program
	Files    []FileOutcome    `json:"files,omitempty"`  // of the store at the crash, where the tier can say
	Output   string           `json:"output,omitempty"` // the end of what the failing command printed
	Outcomes []oracle.Outcome `json:"fates,omitempty"`  // of the history's writes, if the store could be read
	Chain    *Chain           `json:"chain,omitempty"`  // of the files that the crash left, where the engine can say
	// Scenario is what the tier needs to explore it again.
	Scenario json.RawMessage `json:"scenario,omitempty"`

	// These have files of their own.

	Program string                       `json:"-"`
	History *oracle.History              `json:"-"`
	Choices explore.Choices              `json:"-"`
	State   func(dir string) (err error) `json:"-"` // writes the store's files; nil if there are none
}

// Loss is one thing that a crash took, and who had made it without a barrier.
type Loss struct {
	What      string   `json:"what"`
	Operation string   `json:"operation,omitempty"`
	Stack     []string `json:"stack,omitempty"` // innermost call of the engine first
}

// Acked is one promise of a person's own program.
type Acked struct {
	ID      string  `json:"id"`
	Seconds float64 `json:"seconds"` // since the program began
}

// FileOutcome is what became of a file of the store, in bytes; -1: it is not there, or
// not known.
type FileOutcome struct {
	Name    string `json:"name"`
	Written int64  `json:"written"` // its size for the program, when it was last looked at before the cut
	Synced  int64  `json:"synced"`  // its size if nothing but what was synced were left
	Left    int64  `json:"left"`    // its size as the cut left it
	Differs int64  `json:"differs"` // the first byte that is there and is not what was written; -1: none
}

// Chain says which LSNs the files of a store hold.
type Chain struct {
	Flushed uint64   `json:"flushed"` // LSNs up to it are in tables
	Last    uint64   `json:"last"`    // the newest found
	Links   []Link   `json:"links"`
	Tail    string   `json:"tail,omitempty"`   // what a torn tail of the log lost
	Damage  []string `json:"damage,omitempty"` // all that was found
}

// Link is one file of the chain.
type Link struct {
	File   string `json:"file"`
	Place  string `json:"place"` // "L0" and so on, or "wal"
	Bytes  int64  `json:"bytes"`
	First  uint64 `json:"first"` // LSNs; without any, Last is First-1
	Last   uint64 `json:"last"`
	Damage string `json:"damage,omitempty"` // the first in this file
}

// Unlinked returns the damage that is in no link: of the manifest, or of a log
// that does not join the tables.
func (c *Chain) Unlinked() []string {
	return slices.DeleteFunc(slices.Clone(c.Damage), func(d string) bool {
		return slices.ContainsFunc(c.Links, func(l Link) bool { return l.Damage == d })
	})
}
