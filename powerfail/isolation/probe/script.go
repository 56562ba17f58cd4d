package probe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Verb is what a step does.
type Verb uint8

// The verbs.
const (
	Begin    Verb = iota
	BeginRO       // begin a transaction that only reads
	Read          // Key
	Update        // reads Key and sets it to Value, so the order of both versions is known
	Set           // sets Key to Value
	Range         // reads all keys that begin with Key
	Commit        // ends the transaction
	Discard       // ends it without its writes
	Plain         // sets Key and, if it is there, Other to Value without a transaction
	numVerbs = iota
)

var verbNames = [numVerbs]string{"begin", "begin-ro", "r", "u", "w", "range", "commit", "discard", "plain"}

// Step is one call of a session.
type Step struct {
	Session    int
	Verb       Verb
	Key, Other string
	Value      int64
}

// Script is the steps of several sessions, in the order in which they are made. No value is
// written twice to one key.
type Script struct {
	Name  string
	Steps []Step
}

// keys returns all keys that steps name, sorted; those of ranges are no keys.
func (s *Script) keys() (all []string) {
	for _, st := range s.Steps {
		switch st.Verb {
		case Read, Update, Set, Plain:
			all = append(all, st.Key)
			if st.Other != "" {
				all = append(all, st.Other)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sessions returns how many sessions there are: the largest number and one.
func (s *Script) sessions() int {
	n := 0
	for _, st := range s.Steps {
		n = max(n, st.Session+1)
	}
	return n
}

// String returns the step as a line of a script.
func (st Step) String() string {
	line := fmt.Sprintf("%d %s", st.Session, verbNames[st.Verb])
	switch st.Verb {
	case Read, Range:
		line += " " + st.Key
	case Update, Set:
		line += fmt.Sprintf(" %s %d", st.Key, st.Value)
	case Plain:
		line += fmt.Sprintf(" %s %d", st.Key, st.Value)
		if st.Other != "" {
			line += " " + st.Other
		}
	}
	return line
}

// String returns the script as text, one step a line, which [ParseScript] reads.
func (s *Script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", s.Name)
	for _, st := range s.Steps {
		b.WriteString(st.String() + "\n")
	}
	return b.String()
}

// ParseScript is the inverse of [Script.String]. Empty lines are passed over; the first
// line that begins with # is the name, others are comments.
func ParseScript(text string) (*Script, error) {
	s := &Script{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			if s.Name == "" {
				s.Name = strings.TrimSpace(comment)
			}
			continue
		}
		if line == "" {
			continue
		}
		st, err := parseStep(strings.Fields(line))
		if err != nil {
			return nil, fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
		s.Steps = append(s.Steps, st)
	}
	return s, s.check()
}

// check says whether the steps can be made: of transactions, and each with what it needs.
func (s *Script) check() error {
	if len(s.Steps) == 0 {
		return fmt.Errorf("no step in it: want one a line, such as \"1 begin\"")
	}
	open := map[int]bool{}
	for i, st := range s.Steps {
		begins := st.Verb == Begin || st.Verb == BeginRO
		switch {
		case begins && open[st.Session]:
			return fmt.Errorf("step %d, %q: the session has a transaction", i, st)
		case !begins && open[st.Session] == (st.Verb == Plain):
			return fmt.Errorf("step %d, %q: plain writes are made outside a transaction, all else within one", i, st)
		}
		open[st.Session] = begins || open[st.Session] && st.Verb != Commit && st.Verb != Discard
	}
	return nil
}

// maxSession bounds the number of a session.
const maxSession = 1000

func parseStep(words []string) (st Step, err error) {
	if len(words) < 2 {
		return st, fmt.Errorf("want a session and a verb")
	}
	if st.Session, err = strconv.Atoi(words[0]); err != nil || st.Session < 0 || st.Session > maxSession {
		return st, fmt.Errorf("session %q: want a number from 0 to %d", words[0], maxSession)
	}
	at := slices.Index(verbNames[:], words[1])
	if at < 0 {
		return st, fmt.Errorf("verb %q: want one of %s", words[1], strings.Join(verbNames[:], ", "))
	}
	st.Verb = Verb(at)
	least, most := 2, 2
	switch st.Verb {
	case Read, Range:
		least, most = 3, 3
	case Update, Set:
		least, most = 4, 4
	case Plain:
		least, most = 4, 5
	}
	if len(words) < least || len(words) > most {
		return st, fmt.Errorf("%d words: want %d to %d", len(words), least, most)
	}
	if least > 2 {
		st.Key = words[2]
	}
	if least > 3 {
		if st.Value, err = strconv.ParseInt(words[3], 10, 64); err != nil {
			return st, fmt.Errorf("value %q: want a whole number", words[3])
		}
	}
	if len(words) == 5 {
		st.Other = words[4]
	}
	return st, nil
}
