package testseed

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recorder is a test that keeps what is logged.
type recorder struct {
	testing.TB
	name string
	said []string
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return r.name }
func (r *recorder) Logf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

// Every run draws another seed, and the line that is printed gives it again.
func TestNew(t *testing.T) {
	t.Setenv(variable, "")
	r := &recorder{TB: t, name: "TestX/some_case"}
	a, b := New(r), New(r)
	if a == b {
		t.Errorf("two draws gave %d", a)
	}
	line := regexp.MustCompile(`^again: LSMLAB_SEED=(\d+) go test(?: -race| -tags \S+)* \./engines/testseed -run '\^TestX\$/\^some_case\$'$`)
	got := line.FindStringSubmatch(r.said[0])
	if got == nil || got[1] != fmt.Sprint(a) {
		t.Fatalf("seed %d, printed %q", a, r.said)
	}
	t.Setenv(variable, got[1])
	if again := New(r); again != a {
		t.Errorf("%s gave %d, want %d", r.said[0], again, a)
	}
	if x, y := Rand(r).Uint64(), Rand(r).Uint64(); x != y {
		t.Errorf("one seed gave %d and %d", x, y)
	}
}

func TestBytes(t *testing.T) {
	x, y := rand.New(rand.NewPCG(1, 0)), rand.New(rand.NewPCG(1, 0))
	if a, b := randomBytes(x, 100), randomBytes(y, 100); !slices.Equal(a, b) || len(a) < 1 || len(a) > 100 {
		t.Errorf("%x and %x", a, b)
	}
}

// Damage is of a copy, and another one each time.
func TestDamage(t *testing.T) {
	rng, valid := Rand(t), []byte(strings.Repeat("x", 1000))
	changed := 0
	for range 100 {
		if data := damage(rng, valid); !slices.Equal(data, valid) {
			changed++
		}
	}
	if changed < 90 {
		t.Errorf("%d of 100 are changed", changed)
	}
	if strings.Trim(string(valid), "x") != "" {
		t.Error("the valid input was changed")
	}
	damage(rng, nil)
}

// The line of this very test runs it again.
func TestCommand(t *testing.T) {
	if c := Command(t); !strings.HasSuffix(c, " ./engines/testseed -run '^TestCommand$'") {
		t.Error(c)
	}
}
