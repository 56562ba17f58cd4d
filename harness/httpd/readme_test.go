package httpd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestReadme runs the examples of README.md in order, against a fresh server,
// and compares what they print.
func TestReadme(t *testing.T) {
	tool(t, "curl", "curl")
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, examples, ok := strings.Cut(string(text), "```console\n")
	examples, _, closed := strings.Cut(examples, "```\n")
	if !ok || !closed {
		t.Fatal("README.md has no console block")
	}
	r := start(t, Config{}).awaitReady()
	for _, example := range strings.Split(examples, "$ ")[1:] {
		command, want, _ := strings.Cut(example, "\n")
		out, err := exec.Command("sh", "-c", strings.ReplaceAll(command, "http://127.0.0.1:8080", r.url)).CombinedOutput()
		if err != nil || compact(string(out)) != compact(want) {
			t.Errorf("%s\nprinted %s, want %s, %v", command, out, want, err)
		}
	}
}

// compact returns lines without the spaces around them, and within JSON, which
// protojson sets or not as each build has it.
func compact(lines string) string {
	var out strings.Builder
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		var b bytes.Buffer
		if json.Compact(&b, []byte(line)) == nil {
			line = b.String()
		}
		fmt.Fprintln(&out, strings.TrimSpace(line))
	}
	return out.String()
}

// TestWrk: a load generator that keeps 64 connections busy sees no error.
func TestWrk(t *testing.T) {
	wrk := tool(t, "wrk", "wrk")
	r := start(t, Config{}).awaitReady()
	r.do("PUT", "/kv/k", strings.Repeat("v", 100))
	out, err := exec.Command(wrk, "-t2", "-c64", "-d1s", r.url+"/kv/k").CombinedOutput()
	text := string(out)
	if err != nil || !strings.Contains(text, "requests in") || strings.Contains(text, "Non-2xx") || strings.Contains(text, "Socket errors") {
		t.Errorf("%v\n%s", err, text)
	}
}
