package campaign

import (
	"fmt"
	"strings"

	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// The most that is printed of a finding. The directory of the finding has everything.
const (
	textAcked = 12 // the last acknowledgements
	textFiles = 20
	textLines = 12 // the last ones of an output
)

// FindingText describes a finding in a few lines.
func FindingText(f *rundir.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "FINDING %s under %s", f.Engine, f.Profile)
	if f.Weakest != "" {
		fmt.Fprintf(&b, " (weakest profile %s, crash number %d)", f.Weakest, f.Depth)
	}
	fmt.Fprintf(&b, ": %s: %s\n", f.Rule, f.Detail)
	switch {
	case f.Before == "":
	case f.Cut.Kind == oracle.Kill:
		fmt.Fprintf(&b, "  the process killed before %s; no power cut\n", f.Before)
	default:
		fmt.Fprintf(&b, "  power cut before %s\n", f.Before)
	}
	if len(f.Acked) > 0 {
		fmt.Fprintf(&b, "  acknowledged by then: %s\n", ackedText(f.Acked))
	}
	for i, file := range f.Files {
		if i == textFiles {
			fmt.Fprintf(&b, "  and %d more files\n", len(f.Files)-i)
			break
		}
		fmt.Fprintf(&b, "  file %s\n", outcomeText(&file))
	}
	for _, l := range f.Lost {
		fmt.Fprintf(&b, "  lost: %s\n", l.What)
		if l.Operation != "" {
			fmt.Fprintf(&b, "    made by %s, not covered by a sync%s\n", l.Operation, map[bool]string{true: ", called from"}[len(l.Stack) > 0])
		}
		for _, call := range l.Stack {
			fmt.Fprintf(&b, "      %s\n", call)
		}
	}
	if lines := strings.Split(f.Output, "\n"); len(lines) > 1 { // one line is the headline
		fmt.Fprintf(&b, "  it said:\n    %s\n", strings.Join(lines[max(0, len(lines)-textLines):], "\n    "))
	}
	fmt.Fprintf(&b, "  shown again by: %s", f.Command)
	return b.String()
}

// ackedText lists the last acknowledgements with their times.
func ackedText(acked []rundir.Acked) string {
	var words []string
	if n := len(acked) - textAcked; n > 0 {
		words = append(words, fmt.Sprintf("%d others", n))
		acked = acked[n:]
	}
	for _, a := range acked {
		words = append(words, fmt.Sprintf("%s (%.1f ms)", a.ID, a.Seconds*1e3))
	}
	return strings.Join(words, ", ")
}

// outcomeText describes what a crash left of a file.
func outcomeText(f *rundir.FileOutcome) string {
	bytes := func(n int64) string {
		if n < 0 {
			return "no file"
		}
		return fmt.Sprintf("%d bytes", n)
	}
	text := f.Name + ": "
	if f.Written >= 0 {
		text += bytes(f.Written) + " written, "
	}
	text += bytes(f.Synced) + " synced, " + bytes(f.Left) + " left"
	if f.Differs >= 0 {
		text += fmt.Sprintf(", other than written from byte %d on", f.Differs)
	}
	return text
}
