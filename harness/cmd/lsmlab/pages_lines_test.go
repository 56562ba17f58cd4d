package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// pageLine is one command of a page, such as `A=1 make bench` of A=1 make bench &&
// lsmlab list, or `lsmlab list` of it.
type pageLine struct {
	page    string
	text    string   // the whole line, with its comment
	env     []string // NAME=VALUE before the command
	words   []string // unquoted
	mention bool     // named in running text, where it may lack what it needs
}

// allLines returns the commands of every README, of every help text, and of every
// target of the Makefile.
func allLines(t *testing.T, root string) (lines []pageLine) {
	t.Helper()
	lines = helpLines((&app{}).root())
	for _, page := range pages(t, root) {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, markdownLines(page, string(text))...)
	}
	return append(lines, makeLines(t, root)...)
}

// pages returns the Markdown files of the checkout.
func pages(t *testing.T, root string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"bin", "results", "testdata", "node_modules"}, d.Name())):
			return fs.SkipDir
		case filepath.Ext(name) == ".md":
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// helpLines returns the examples of a command and of those below it.
func helpLines(c *cobra.Command) (lines []pageLine) {
	lines = splitLines(c.CommandPath()+" --help", c.Example, false)
	for _, m := range codeSpan.FindAllStringSubmatch(c.Long, -1) {
		lines = append(lines, mentioned(c.CommandPath()+" --help", m[1])...)
	}
	for _, below := range c.Commands() {
		lines = append(lines, helpLines(below)...)
	}
	return lines
}

var (
	block    = regexp.MustCompile("(?ms)^```(\\w*)[^\\n]*$\n(.*?)^```$")
	codeSpan = regexp.MustCompile("`([^`]+)`")
	command  = regexp.MustCompile(`^((bin/)?lsmlab|make|go (test|run)) `)
)

// markdownLines returns the commands of a page: those of its blocks of sh, those
// behind a $ in its blocks of console, and those that its text names.
func markdownLines(page, text string) (lines []pageLine) {
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		switch m[1] {
		case "sh", "bash", "shell":
			lines = append(lines, splitLines(page, m[2], false)...)
		case "console":
			for line := range strings.Lines(m[2]) {
				if line, ok := strings.CutPrefix(line, "$ "); ok {
					lines = append(lines, splitLines(page+" (console)", line, false)...)
				}
			}
		}
	}
	for _, m := range codeSpan.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		lines = append(lines, mentioned(page, m[1])...)
	}
	return lines
}

// mentioned returns the commands of a piece of text in backquotes, if it is one.
func mentioned(page, text string) []pageLine {
	if !command.MatchString(text) {
		return nil
	}
	return splitLines(page, strings.Join(strings.Fields(text), " "), true)
}

// makeLines returns what the targets that `make help` lists, and their
// prerequisites, do with lsmlab.
func makeLines(t *testing.T, root string) (lines []pageLine) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^([a-z0-9-]+):.*## `).FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, pageLine{page: "Makefile", text: "make " + m[1], words: []string{"make", m[1], "A=results/before", "B=results/after"}})
	}
	return lines
}

// recipe returns the lines of lsmlab that make would run, with "now" for the time.
func recipe(root string, args []string) ([]pageLine, error) {
	c := exec.Command("make", append([]string{"-n", "STAMP=now"}, args...)...)
	c.Dir = root
	out, err := c.CombinedOutput()
	var lines []pageLine
	for line := range strings.Lines(string(out)) {
		if line, ok := strings.CutPrefix(strings.TrimSpace(line), "./bin/lsmlab "); ok {
			lines = append(lines, splitLines("make "+args[0], "lsmlab "+line, false)...)
		}
	}
	return lines, err
}

// splitLines returns the commands of a piece of shell.
func splitLines(page, text string, mention bool) (lines []pageLine) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, words := range shellCommands(line) {
			l := pageLine{page: page, text: line, words: words, mention: mention}
			for len(l.words) > 0 && assignment.MatchString(l.words[0]) {
				l.env, l.words = append(l.env, l.words[0]), l.words[1:]
			}
			if len(l.words) > 0 {
				lines = append(lines, l)
			}
		}
	}
	return lines
}

var assignment = regexp.MustCompile(`^[A-Z_]+=`)

// shellCommands splits a line at && and into words, without quotes and comment. A
// line with other operators is one command of sh.
func shellCommands(line string) (commands [][]string) {
	var words []string
	var word strings.Builder
	inWord, quoted := false, rune(0)
	end := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
scan:
	for _, c := range line {
		switch {
		case quoted != 0 && c == quoted:
			quoted = 0
		case quoted == 0 && (c == '\'' || c == '"'):
			quoted, inWord = c, true
		case quoted != 0:
			word.WriteRune(c)
		case c == '#' && !inWord:
			break scan
		case strings.ContainsRune("|;<>", c):
			return [][]string{{"bash", "-c", line}}
		case c == ' ' || c == '\t':
			end()
			if n := len(words); n > 0 && words[n-1] == "&&" {
				commands, words = append(commands, words[:n-1]), nil
			}
		default:
			inWord = true
			word.WriteRune(c)
		}
	}
	end()
	return append(commands, words)
}

// The commands of a page are found, and nothing else is.
func TestMarkdownLines(t *testing.T) {
	page := "A `lsmlab list\nfaults` and `lsmlab`, `make x`; `go test -run X ./y`, `engines`.\n" +
		"```sh\n# nothing\nA=1 make b && bin/lsmlab x --y 'a \"b\" # c' --z # comment\nseq 3 | wc \\\n  -l\n```\n" +
		"```go\nlsmlab no\n```\n```console\n$ curl -d 'x y' url\nlsmlab answer\n```\n"
	var got []string
	for _, l := range markdownLines("p", page) {
		got = append(got, strings.Join(append(l.env, strings.Join(l.words, "|")), " "))
	}
	want := []string{
		"A=1 make|b", `bin/lsmlab|x|--y|a "b" # c|--z`, "bash|-c|seq 3 | wc    -l", "curl|-d|x y|url",
		"lsmlab|list|faults", "make|x", "go|test|-run|X|./y",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
