package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	linked  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)
)

// TestLinks follows every relative link of every page, to a file or folder of the
// checkout and, behind a #, to a heading of that page. Links to other sites are
// left alone.
func TestLinks(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	followed := 0
	for _, page := range pages(t, root) {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			followed++
			if err := follow(root, page, m[1]); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if followed < 50 {
		t.Errorf("%d links followed: the pages have more", followed)
	}
}

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
)

// TestNamesOnPages holds pages to tests that there are, and to commands with flags that
// there are; TestCommandLines runs those, which takes longer.
func TestNamesOnPages(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	known := testsOf(t, root)
	named := 0
	for _, page := range pages(t, root) {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
			named++
			if !known[m[1]] {
				t.Errorf("%s: there is no test %s", page, m[1])
			}
		}
		for _, l := range markdownLines(page, string(text)) {
			switch {
			case exceptionOf(l).not:
			case filepath.Base(l.words[0]) == "lsmlab":
				if _, err := reduced(l, "", exceptionOf(l).whole); err != nil {
					t.Errorf("%s: %s: %v", page, l.text, err)
				}
			case strings.HasPrefix(strings.Join(l.words, " "), "go test "):
				(&reader{T: t, root: root}).goTest(l)
			}
		}
	}
	if named < 50 {
		t.Errorf("%d tests are named: the pages name more", named)
	}
}

// testsOf returns the names of all tests, benchmarks and fuzz targets of the checkout.
func testsOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			known[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// follow returns an error unless the link of the page leads somewhere.
func follow(root, page, to string) error {
	path, anchor, _ := strings.Cut(to, "#")
	target := page
	if path != "" {
		target = filepath.Join(filepath.Dir(page), path)
	}
	if strings.HasPrefix(target, "..") || filepath.IsAbs(path) {
		return fmt.Errorf("link %s leads out of the checkout", to)
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil {
		return fmt.Errorf("link %s: %w", to, err)
	}
	if anchor == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(root, target))
	if err != nil {
		return fmt.Errorf("link %s: %w", to, err)
	}
	if known := anchors(string(text)); !slices.Contains(known, anchor) {
		return fmt.Errorf("link %s: %s has the headings %s", to, target, strings.Join(known, ", "))
	}
	return nil
}

// anchors returns the names by which GitHub finds the headings of a page: in small
// letters, without punctuation, hyphens for spaces, and a number behind a name that
// was there before.
func anchors(text string) (names []string) {
	count := map[string]int{}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		name := strings.ToLower(linked.ReplaceAllString(m[1], "$1"))
		name = strings.ReplaceAll(dropped.ReplaceAllString(name, ""), " ", "-")
		if n := count[name]; n > 0 {
			names = append(names, fmt.Sprintf("%s-%d", name, n))
		} else {
			names = append(names, name)
		}
		count[name]++
	}
	return names
}

// What leads nowhere is told.
func TestFollowRefuses(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"a.md": "# A `b`: c\n## [Link](b.md) & more\n## A b c\n```\n# code\n```\n", "d/b.md": "# Other\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, good := range []string{"a.md", "d", "d/b.md#other", "#a-b-c", "#link--more", "#a-b-c-1"} {
		if err := follow(root, "a.md", good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"b.md", "d/b.md#another", "#code", "#b", "../a.md", "/a.md", "d#x"} {
		if err := follow(root, "a.md", bad); err == nil {
			t.Errorf("%s is taken for a link that leads somewhere", bad)
		}
	}
}
