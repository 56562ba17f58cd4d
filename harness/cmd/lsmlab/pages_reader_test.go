package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"lsmlab/engines/testneed"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/harness/human"
)

// argument tells a command line from the name of a command.
var argument = regexp.MustCompile(` (-|list|[A-Z_]*DIR$)`)

// lsmlab runs a line of the program, once of all that are the same when made small.
func (r *reader) lsmlab(l pageLine) {
	e := exceptionOf(l)
	args, err := reduced(l, r.finding, e.whole)
	if err != nil {
		r.Fatal(err)
	}
	if l.mention && !argument.MatchString(strings.Join(l.words, " ")) {
		return // the name of a command, which was found
	}
	args = append(args, e.more...)
	args, first := r.once(args)
	if !first {
		return
	}
	if args[0] == "serve" {
		r.serve(args...)
		return
	}
	if slices.Contains(args, "disk") {
		needDisk(r.T, "ext4")
	}
	start := time.Now()
	status, out := r.program(l.env, args...)
	if !slices.Contains(e.status, status) || !strings.Contains(out, e.says) {
		r.Errorf("%s: status %d, want %d\n%s", quoteAll(args), status, e.status, out)
	}
	r.Logf("%v: %s %s", time.Since(start).Round(time.Millisecond), quoteAll(args), e.why)
}

// once gives the command a directory for what it makes, if it names none, and says
// whether it is the first that does that. Of another the directory leads to what
// the first made.
func (r *reader) once(args []string) (all []string, first bool) {
	c, _, err := (&app{catalog: inventory.Catalog()}).root().Find(args)
	if err != nil {
		r.Fatal(err)
	}
	out := ""
	if c.Flags().Lookup("out") != nil {
		out = fmt.Sprintf("results/of-line-%d", len(r.made))
	}
	named := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "--out=") })
	if named >= 0 {
		out = args[named][len("--out="):]
		args = slices.Delete(slices.Clone(args), named, named+1)
		if _, err := os.Stat(filepath.Join(r.dir, out)); err == nil { // by another line
			out += fmt.Sprintf("-%d", len(r.made))
		}
	}
	key := quoteAll(args)
	before, known := r.made[key]
	switch {
	case !known:
		r.made[key] = out
	case named >= 0 && before != out:
		if err := os.Symlink(filepath.Base(before), filepath.Join(r.dir, out)); err != nil && !errors.Is(err, os.ErrExist) {
			r.Fatal(err)
		}
	}
	if out != "" {
		args = append(args, "--out="+out)
	}
	return args, !known
}

func quoteAll(args []string) string {
	var words []string
	for _, a := range args {
		words = append(words, human.ShellWord(a))
	}
	return strings.Join(words, " ")
}

// program runs lsmlab and returns its exit status and all that it printed.
func (r *reader) program(env []string, args ...string) (int, string) {
	return r.exec(env, "bin/lsmlab", args...)
}

func (r *reader) exec(env []string, name string, args ...string) (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = r.dir, append(os.Environ(), env...)
	c.Env = append(c.Env, "PATH="+filepath.Join(r.dir, "bin")+":"+os.Getenv("PATH"))
	if !strings.Contains(name, "/") {
		path, err := exec.LookPath(name)
		if err != nil {
			testneed.Missing(r, fmt.Sprintf("%v: `make packages` installs what pages need", err))
		}
		c.Path, c.Err = path, nil
	} else {
		c.Path, c.Err = filepath.Join(r.dir, name), nil
	}
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		return -1, err.Error()
	}
	return c.ProcessState.ExitCode(), string(out)
}

// serve starts a service, waits until it listens, and stops it as the test ends.
// It returns where it listens.
func (r *reader) serve(args ...string) (url string) {
	r.Helper()
	c := exec.Command(filepath.Join(r.dir, "bin/lsmlab"), args...)
	var log bytes.Buffer
	c.Dir, c.Stderr = r.dir, &log
	out, err := c.StdoutPipe()
	if err != nil {
		r.Fatal(err)
	}
	if err := c.Start(); err != nil {
		r.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, url, ok := strings.Cut(strings.TrimSpace(line), " at ")
	stop := func() {
		if err := errors.Join(c.Process.Signal(syscall.SIGTERM), c.Wait()); err != nil {
			r.Errorf("%s: %v\n%s", quoteAll(args), err, log.String())
		}
	}
	if !ok {
		_ = c.Wait()
		r.Fatalf("%s: printed %q, %v\n%s", quoteAll(args), line, err, log.String())
	}
	r.Cleanup(stop)
	return url
}

// make checks that there are rules for the targets, and runs what their recipes do
// with lsmlab. The rest of the recipes is what CI itself consists of.
func (r *reader) make(l pageLine) {
	lines, err := recipe(r.root, append(slices.Clone(l.words[1:]), l.env...))
	if err != nil {
		r.Fatalf("make -n: %v", err)
	}
	for _, l := range lines {
		r.try(l)
	}
}

// goTest checks that the packages and the tests that a line names are there; what
// they do is what `make test` runs.
func (r *reader) goTest(l pageLine) {
	var names []string
	found := ""
	for i, w := range l.words[2:] {
		flag := strings.TrimLeft(l.words[i+1], "-")
		switch {
		case slices.Contains([]string{"run", "fuzz", "bench"}, flag) && w != "^$":
			names = append(names, w)
		case strings.HasPrefix(w, "./"):
			files, err := filepath.Glob(filepath.Join(r.root, w, "*_test.go"))
			if err != nil || len(files) == 0 {
				r.Errorf("no test in %s, %v", w, err)
			}
			for _, name := range files {
				text, err := os.ReadFile(name)
				if err != nil {
					r.Fatal(err)
				}
				found += string(text)
			}
		}
	}
	for _, name := range names {
		if !regexp.MustCompile(`(?m)^func [A-Za-z]*` + name).MatchString(found) {
			r.Errorf("no test, benchmark or fuzz target is named %q", name)
		}
	}
}

// other runs a program that is not of this project, against the server that runs.
func (r *reader) other(l pageLine) {
	words := slices.Clone(l.words)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "http://127.0.0.1:8080", r.url)
	}
	env := append(slices.Clone(l.env), "BASE_URL="+r.url)
	for setting := range strings.SplitSeq(k6Small, ",") {
		env = append(env, setting)
	}
	status, out := r.exec(env, words[0], words[1:]...)
	if e := exceptionOf(l); !slices.Contains(e.status, status) {
		r.Errorf("status %d, want %d\n%s", status, e.status, out)
	}
	r.Logf("%s", fmt.Sprint(quoteAll(words)))
}
