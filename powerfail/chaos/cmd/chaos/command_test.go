package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// run returns what the command writes.
func run(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := newCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err = cmd.Execute()
	return out.String(), errs.String(), err
}

var source = filepath.Join("..", "..", "..", "faults", "testdata", "source.json")

// TestRender renders the source's experiment, whose correlation does nothing, and
// gives the output to lint.
func TestRender(t *testing.T) {
	stdout, stderr, err := run("render", source, "--namespace", "lab", "--selector", "run=7")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "testdata", "source.golden.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if stdout != string(want) {
		t.Errorf("got\n%s\nwant\n%s", stdout, want)
	}
	if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, `spec.delay.correlation: "25"`) {
		t.Errorf("standard error: %s", stderr)
	}
	path := filepath.Join(t.TempDir(), "source.yaml")
	if err := os.WriteFile(path, []byte(stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	found, _, err := run("lint", path)
	if err != errFound || found != path+": "+stderr {
		t.Errorf("lint: %v\n%s", err, found)
	}
}

// TestLint: sound files are silent, and what the library refuses is told too.
func TestLint(t *testing.T) {
	sound := filepath.Join("..", "..", "testdata", "campaign.golden.yaml")
	if stdout, _, err := run("lint", sound); err != nil || stdout != "" {
		t.Errorf("%v\n%s", err, stdout)
	}
	path := filepath.Join(t.TempDir(), "bad.yaml")
	bad := "apiVersion: chaos-mesh.org/v1alpha1\nkind: TimeChaos\nmetadata: {name: x}\nspec: {timeOffset: soon, mode: all, selector: {pods: {lab: [db]}}}\n"
	if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if stdout, _, err := run("lint", sound, path); err != errFound || !strings.Contains(stdout, path+": TimeChaos x: Spec.TimeOffset") {
		t.Errorf("%v\n%s", err, stdout)
	}
}

// TestUsage: what cannot be done is an error that says what is valid.
func TestUsage(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(empty, []byte("# nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"render", source, "--namespace", "a_b"}, `--namespace: "a_b"`},
		{[]string{"render", source, "--selector", "a b=c"}, `--selector: "a b"="c": want a label`},
		{[]string{"render", source, "--selector", "role=db"}, `fault slow: label role: the target has "dependency" and the selector "db"`},
		{[]string{"render"}, "accepts 1 arg"},
		{[]string{"render", empty}, "empty.yaml: the file:"},
		{[]string{"lint"}, "requires at least 1 arg"},
		{[]string{"lint", empty}, "empty.yaml: no resource in it"},
		{[]string{"lint", source}, `source.json: document 1: apiVersion ""`},
	} {
		if _, _, err := run(test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: got %v, want %s", test.args, err, test.want)
		}
	}
}
