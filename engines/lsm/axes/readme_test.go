package axes

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of options in engines/README.md again")

// TestGoldenReadme compares the table of options in engines/README.md with this
// package's.
func TestGoldenReadme(t *testing.T) {
	const page, from, to = "../../README.md", "<!-- options: written by `make golden` -->\n", "<!-- end of options -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), from)
	got, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table of options", page)
	}
	want := markdown()
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("%s has another table of options than the code; `make golden` writes it again. Want:\n%s", page, want)
	}
	if err := os.WriteFile(page, []byte(before+from+want+to+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func markdown() string {
	var b strings.Builder
	b.WriteString("| axis | what it changes | default | options |\n|---|---|---|---|\n")
	for i := range table {
		a := &table[i]
		var options []string
		for _, v := range a.Values[1:] {
			if a.isNumber(v.Name) {
				continue
			}
			option := fmt.Sprintf("`+%s`: %s", a.Option(v), v.About)
			for _, d := range v.Refuses {
				option += fmt.Sprintf(" (not `%v`)", d)
			}
			options = append(options, option)
		}
		for _, n := range a.Numbers {
			option := fmt.Sprintf("`+%s=%sN`: N is %s", a.Name, n.Prefix, n.Takes())
			if n.About != "" {
				option += "; " + n.About
			}
			options = append(options, option)
		}
		stored := ""
		if a.Stored {
			stored = "; shapes new files"
		}
		fmt.Fprintf(&b, "| %s | %s%s | %s: %s | %s |\n", a.Name, a.About, stored, a.Default().Name, a.Default().About, strings.Join(options, "<br>"))
	}
	return b.String()
}
