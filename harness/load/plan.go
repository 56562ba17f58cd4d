package load

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/field"
	"lsmlab/harness/result"
)

// Complete reads what a plan takes from words and files, settings as [parseSettings] and
// environments as [readEnvironments] do, "" for none; then it checks the plan.
func Complete(cat harness.Catalog, scripts string, settings []string, environments string, p *result.LoadPlan) (err error) {
	if p.Settings, err = parseSettings(settings); err != nil {
		return err
	}
	if environments != "" {
		if p.Environments, err = readEnvironments(environments); err != nil {
			return err
		}
	}
	return check(cat, scripts, p)
}

// wrong returns the error of a field of a plan, or of what else a load is asked for.
func wrong(name, format string, args ...any) error {
	return field.Wrong("load", name, format, args...)
}

// check fills in what a plan leaves open. Its error is a [*field.Error].
func check(cat harness.Catalog, scripts string, p *result.LoadPlan) error {
	if err := checkProfile(scripts, p.Profile); err != nil {
		return err
	}
	if len(p.Engines) == 0 {
		return wrong("engines", "is empty; want names of `lsmlab list engines`, separated by commas")
	}
	var err error
	if p.Engines, err = cat.Expand(p.Engines); err != nil {
		return wrong("engines", "is wrong: %w", err)
	}
	seen := map[string]bool{}
	for _, e := range p.Engines {
		if seen[e] {
			return wrong("engines", "is wrong: %s is named twice", e)
		}
		seen[e] = true
	}
	if p.Rounds < 1 || p.Rounds > 1000 {
		return wrong("rounds", "is %d: want 1 to 1000", p.Rounds)
	}
	if p.InProcess < 0 {
		return wrong("in_process", "is %v: want a time, or 0 for none", time.Duration(p.InProcess))
	}
	if len(p.Environments) == 0 {
		p.Environments = []result.Environment{{Name: "default"}}
	}
	return checkEnvironments(p.Environments)
}

// Profiles returns the names of the profiles in a folder of k6 scripts.
func Profiles(scripts string) []string {
	paths, _ := filepath.Glob(filepath.Join(scripts, "*.js")) // the pattern is valid
	var names []string
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(p), ".js"))
	}
	return names
}

func checkProfile(scripts, profile string) error {
	names := Profiles(scripts)
	if len(names) == 0 {
		return wrong("scripts", "%s: no k6 script there: run from the root of lsmlab's checkout, or say where its k6 folder is", scripts)
	}
	for _, n := range names {
		if n == profile {
			return nil
		}
	}
	return wrong("profile", "%q: no such profile; want one of %s", profile, strings.Join(names, ", "))
}

var (
	goodName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.,_ -]{0,39}$`)
	memoryLimit = regexp.MustCompile(`^[0-9]+(B|KiB|MiB|GiB|TiB)?$|^off$`)
)

func checkEnvironments(list []result.Environment) error {
	seen := map[string]bool{}
	for i := range list {
		e := &list[i]
		if e.Durability == "" {
			e.Durability = kv.Buffered.String()
		}
		if !goodName.MatchString(e.Name) {
			return wrong("environments", "is wrong: number %d: name is %q: want 1 to 40 letters, digits, dots, commas, dashes, underscores or spaces", i+1, e.Name)
		}
		if seen[e.Name] {
			return wrong("environments", "is wrong: %s is there twice", e.Name)
		}
		seen[e.Name] = true
		if e.GOMAXPROCS < 0 || e.GOMAXPROCS > 1<<16 {
			return wrong("environments", "is wrong: %s: gomaxprocs is %d: want a number of cores, or 0 for all", e.Name, e.GOMAXPROCS)
		}
		if e.GOMEMLIMIT != "" && !memoryLimit.MatchString(e.GOMEMLIMIT) {
			return wrong("environments", "is wrong: %s: gomemlimit is %q: want a size like 256MiB, as the Go runtime reads it", e.Name, e.GOMEMLIMIT)
		}
		if _, err := kv.ParseDurability(e.Durability); err != nil {
			return wrong("environments", "is wrong: %s: %w", e.Name, err)
		}
	}
	return nil
}

// readEnvironments reads a file of environments; an empty list is refused.
func readEnvironments(path string) ([]result.Environment, error) {
	list, err := result.ReadEnvironments(path)
	if err != nil {
		return nil, wrong("environments", "is wrong: %w", err)
	}
	if len(list) == 0 {
		return nil, wrong("environments", `is wrong: %s names none; want a list such as [{"name": "one core", "gomaxprocs": 1}]`, path)
	}
	return list, nil
}

// parseSettings parses words NAME=VALUE: variables of the k6 scripts.
func parseSettings(words []string) (map[string]string, error) {
	settings := map[string]string{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" || strings.ToUpper(name) != name {
			return nil, wrong("set", "%q: want NAME=VALUE with a variable of k6/README.md, as RATE=500", w)
		}
		if reserved[name] {
			return nil, wrong("set", "%s: this one is lsmlab's to set", name)
		}
		settings[name] = value
	}
	return settings, nil
}

// reserved are the variables that a cell sets itself.
var reserved = map[string]bool{"BASE_URL": true, "SUMMARY": true, "DURABILITY": true, "SEED": true, "PRELOAD": true}

// cores returns how many cores an environment gives.
func cores(e result.Environment) int {
	if e.GOMAXPROCS > 0 {
		return min(e.GOMAXPROCS, runtime.NumCPU())
	}
	return runtime.NumCPU()
}

// limits returns the environment variables of a process in an environment.
func limits(e result.Environment) (env []string) {
	if e.GOMAXPROCS > 0 {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(e.GOMAXPROCS))
	}
	if e.GOMEMLIMIT != "" {
		env = append(env, "GOMEMLIMIT="+e.GOMEMLIMIT)
	}
	return env
}

// FindK6 returns the k6 program: the one asked for, or else bin/k6 beside this program
// or below the working directory, or else the one on the PATH.
func FindK6(asked, self string, lookPath func(string) (string, error)) (string, error) {
	if asked != "" {
		if _, err := lookPath(asked); err != nil {
			return "", wrong("k6", "%s: %w", asked, err)
		}
		return asked, nil
	}
	for _, path := range []string{filepath.Join(filepath.Dir(self), "k6"), filepath.Join("bin", "k6")} {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return filepath.Abs(path)
		}
	}
	if path, err := lookPath("k6"); err == nil {
		return path, nil
	}
	return "", wrong("k6", "is nowhere: `make bin/k6` builds it, or say where it is")
}

func cellLine(c result.LoadCell) string {
	head := fmt.Sprintf("r%d %-13s %-12s", c.Round, c.Engine, c.Environment)
	switch c.Status {
	case result.StatusFailed:
		return head + "  FAILED: " + c.Error
	case result.StatusUnsupported:
		return head + "  not supported"
	}
	var parts []string
	for _, p := range c.Phases {
		parts = append(parts, fmt.Sprintf("%s %.0f/s p95 %.3g ms", p.Name, p.RequestsPerS, float64(p.Latency.P95)/1e6))
	}
	if n := len(parts); n > 3 {
		parts = append(parts[:1:1], append([]string{"..."}, parts[n-1])...)
	}
	line := fmt.Sprintf("%s %s  peak CPU %.2f of %d cores", head, strings.Join(parts, ", "), c.CPUPeakCores, c.CPULimit)
	if c.Sweep {
		rate, open := c.Sustainable()
		line += fmt.Sprintf("  sustains %.0f/s", rate)
		if open {
			line += " or more"
		}
	} else if len(c.Broken) > 0 {
		line += "  BROKEN: " + strings.Join(c.Broken, "; ")
	}
	return line
}
