package program

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lsmlab/engines/kv"
)

// head is the first line of every program.
const head = "lsmlab program 1"

var stepNames = map[Kind]string{Flush: "flush", Compact: "compact", Reopen: "reopen"}

// String returns the program as text; [Parse] is its inverse.
func (p *Program) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\nopen %v\n", head, p.Durability)
	for i := range p.Steps {
		fmt.Fprintln(&text, p.Steps[i].String())
	}
	return text.String()
}

// String returns the line of the step.
func (s *Step) String() string {
	var line strings.Builder
	switch s.Kind {
	case Flush, Compact, Reopen:
		return stepNames[s.Kind]
	case Write:
		fmt.Fprintf(&line, "w%d %v", s.Writer, s.Durability)
	default:
		fmt.Fprintf(&line, "w%d %s %d", s.Writer, txnWord, s.Txn)
	}
	switch s.Kind {
	case Begin:
		fmt.Fprintf(&line, " begin %v", s.Level)
	case Get:
		fmt.Fprintf(&line, " get %s", s.Key)
	case Scan:
		fmt.Fprintf(&line, " scan %s %s", s.Key, s.Upper)
	case Commit:
		fmt.Fprintf(&line, " commit %v", s.Durability)
	case Discard:
		line.WriteString(" discard")
	}
	for _, op := range s.Ops {
		switch {
		case op.Upper != "":
			fmt.Fprintf(&line, " delrange %s %s", op.Key, op.Upper)
		case op.Delete:
			fmt.Fprintf(&line, " del %s", op.Key)
		default:
			fmt.Fprintf(&line, " set %s %d", op.Key, op.Size)
		}
	}
	return line.String()
}

// Parse reads a program. Empty lines and those that begin with # say nothing.
// Errors name line and word.
func Parse(text string) (*Program, error) {
	p, seen := new(Program), 0
	owner := map[string]int{}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		err := p.parseLine(seen, line)
		seen++
		if err == nil && len(p.Steps) > 0 {
			err = own(owner, &p.Steps[len(p.Steps)-1])
		}
		if err != nil {
			return nil, fmt.Errorf("program, line %d: %w", n+1, err)
		}
	}
	if seen < 2 {
		return nil, fmt.Errorf("program: want %q and an open line at its top", head)
	}
	return p, p.ownRanges(owner)
}

// own checks that no two writers share a key or a transaction.
func own(owner map[string]int, s *Step) error {
	take := func(what, name, verb string) error {
		w, ok := owner[what+name]
		if ok && w != s.Writer {
			return fmt.Errorf("%s%q is %s by w%d and w%d: writers own their %ss", what, name, verb, w, s.Writer, strings.TrimSpace(what))
		}
		owner[what+name] = s.Writer
		return nil
	}
	for _, op := range s.Ops {
		if err := take(keyOf, op.Key, "written"); err != nil {
			return err
		}
	}
	if s.Kind == Get {
		if err := take(keyOf, s.Key, "used"); err != nil {
			return err
		}
	}
	if s.Kind >= Begin {
		return take("transaction ", strconv.Itoa(s.Txn), "used")
	}
	return nil
}

// keyOf begins what names a key among what writers own.
const keyOf = "key "

// ownRanges checks that scans and range deletes meet keys of their writers alone.
func (p *Program) ownRanges(owner map[string]int) error {
	for i := range p.Steps {
		s := &p.Steps[i]
		for name, w := range owner {
			key, ok := strings.CutPrefix(name, keyOf)
			if ok && w != s.Writer && slices.ContainsFunc(s.ranges(), func(r keyRange) bool { return r.has(key) }) {
				return fmt.Errorf("program: %q meets key %q of w%d: writers scan and delete their own keys", s, key, w)
			}
		}
	}
	return nil
}

// ranges returns what the step scans or deletes.
func (s *Step) ranges() (all []keyRange) {
	if s.Kind == Scan {
		all = append(all, keyRange{s.Key, s.Upper})
	}
	for _, op := range s.Ops {
		if op.Upper != "" {
			all = append(all, keyRange{op.Key, op.Upper})
		}
	}
	return all
}

// parseLine reads the line that comes after seen others.
func (p *Program) parseLine(seen int, line string) (err error) {
	words := strings.Fields(line)
	switch {
	case seen == 0 && line != head:
		return fmt.Errorf("%q, want %q", line, head)
	case seen == 0:
		return nil
	case seen == 1 && (len(words) != 2 || words[0] != "open"):
		return fmt.Errorf("%q, want open and a durability", line)
	case seen == 1:
		p.Durability, err = kv.ParseDurability(words[1])
		return err
	}
	for kind, name := range stepNames {
		if line == name {
			p.Steps = append(p.Steps, Step{Kind: kind})
			return nil
		}
	}
	s, err := parseWrite(words)
	p.Steps = append(p.Steps, s)
	return err
}

// txnWord is the second word of a step of a transaction.
const txnWord = "txn"

func parseWrite(words []string) (s Step, err error) {
	name, ok := strings.CutPrefix(words[0], "w")
	if !ok {
		return s, fmt.Errorf("%q, want flush, compact, reopen or a writer such as w0", words[0])
	}
	if s.Writer, err = strconv.Atoi(name); err != nil || s.Writer < 0 || s.Writer > 99 {
		return s, fmt.Errorf("writer %q, want w0 to w99", words[0])
	}
	if len(words) < 2 {
		return s, fmt.Errorf("%s: want a durability and operations", words[0])
	}
	if words[1] == txnWord {
		err = s.parseTxn(words[2:])
		return s, err
	}
	if s.Durability, err = kv.ParseDurability(words[1]); err != nil {
		return s, err
	}
	s.Ops, err = parseOps(words[2:])
	return s, err
}

// parseTxn reads what follows txnWord.
func (s *Step) parseTxn(words []string) (err error) {
	if len(words) < 2 {
		return fmt.Errorf("%s: want a number and begin, get, scan, set, del, commit or discard", txnWord)
	}
	if s.Txn, err = strconv.Atoi(words[0]); err != nil || s.Txn < 0 {
		return fmt.Errorf("transaction %q, want a number from 0 on", words[0])
	}
	switch verb, rest := words[1], words[2:]; {
	case verb == "begin" && len(rest) == 1:
		s.Kind = Begin
		s.Level, err = kv.ParseIsolation(rest[0])
	case verb == "get" && len(rest) == 1:
		s.Kind, s.Key = Get, rest[0]
	case verb == "scan" && len(rest) == 2 && rest[0] < rest[1]:
		s.Kind, s.Key, s.Upper = Scan, rest[0], rest[1]
	case verb == "commit" && len(rest) == 1:
		s.Kind = Commit
		s.Durability, err = kv.ParseDurability(rest[0])
	case verb == "discard" && len(rest) == 0:
		s.Kind = Discard
	case verb == "set" || verb == "del":
		s.Kind = TxnWrite
		if s.Ops, err = parseOps(words[1:]); err == nil && len(s.ranges()) > 0 {
			err = errors.New("delrange in a transaction: only plain writes have range deletes")
		}
	default:
		return fmt.Errorf("step %q of a transaction, want `begin LEVEL`, `get KEY`, `scan KEY UPPER` with KEY < UPPER, operations, `commit DURABILITY` or `discard`",
			strings.Join(words[1:], " "))
	}
	return err
}

func parseOps(words []string) (ops []Op, err error) {
	for rest := words; len(rest) > 0; {
		var op Op
		if op, rest, err = parseOp(rest); err != nil {
			return ops, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func parseOp(words []string) (op Op, rest []string, err error) {
	switch {
	case words[0] == "del" && len(words) >= 2:
		return Op{Key: words[1], Delete: true}, words[2:], nil
	case words[0] == "delrange" && len(words) >= 3:
		if words[1] >= words[2] {
			return op, nil, fmt.Errorf("range from %q to %q, want the lower key first", words[1], words[2])
		}
		return Op{Key: words[1], Upper: words[2]}, words[3:], nil
	case words[0] == "set" && len(words) >= 3:
		size, err := strconv.Atoi(words[2])
		if err != nil || size < 0 || size > kv.MaxValueSize {
			return op, nil, fmt.Errorf("value size %q, want 0 to %d bytes", words[2], kv.MaxValueSize)
		}
		return Op{Key: words[1], Size: size}, words[3:], nil
	}
	return op, nil, fmt.Errorf("operation %q, want `set KEY SIZE`, `del KEY` or `delrange KEY UPPER`", strings.Join(words, " "))
}
