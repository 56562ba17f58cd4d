package program

import (
	"fmt"
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
	if s.Kind != Write {
		return stepNames[s.Kind]
	}
	var line strings.Builder
	fmt.Fprintf(&line, "w%d %v", s.Writer, s.Rung)
	for _, op := range s.Ops {
		if op.Delete {
			fmt.Fprintf(&line, " del %s", op.Key)
		} else {
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
	return p, nil
}

// own checks that no two writers share a key.
func own(owner map[string]int, s *Step) error {
	for _, op := range s.Ops {
		w, ok := owner[op.Key]
		if ok && w != s.Writer {
			return fmt.Errorf("key %q is written by w%d and w%d: writers own their keys", op.Key, w, s.Writer)
		}
		owner[op.Key] = s.Writer
	}
	return nil
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
	if s.Rung, err = kv.ParseDurability(words[1]); err != nil {
		return s, err
	}
	for rest := words[2:]; len(rest) > 0; {
		var op Op
		if op, rest, err = parseOp(rest); err != nil {
			return s, err
		}
		s.Ops = append(s.Ops, op)
	}
	return s, nil
}

func parseOp(words []string) (op Op, rest []string, err error) {
	switch {
	case words[0] == "del" && len(words) >= 2:
		return Op{Key: words[1], Delete: true}, words[2:], nil
	case words[0] == "set" && len(words) >= 3:
		size, err := strconv.Atoi(words[2])
		if err != nil || size < 0 || size > kv.MaxValueSize {
			return op, nil, fmt.Errorf("value size %q, want 0 to %d bytes", words[2], kv.MaxValueSize)
		}
		return Op{Key: words[1], Size: size}, words[3:], nil
	}
	return op, nil, fmt.Errorf("operation %q, want `set KEY SIZE` or `del KEY`", strings.Join(words, " "))
}
