package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadme runs the command lines of the README from the root of the checkout.
func TestReadme(t *testing.T) {
	t.Chdir("../../../..")
	text, err := os.ReadFile("powerfail/chaos/README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^bin/chaos (.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(lines) == 0 {
		t.Fatal("no command line in the README")
	}
	for _, line := range lines {
		if _, _, err := run(strings.Fields(line[1])...); err != nil {
			t.Errorf("%s: %v", line[0], err)
		}
	}
}
