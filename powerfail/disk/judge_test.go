package disk

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/powerfail/internal/tiertest"
	"lsmlab/powerfail/oracle"
)

// judge judges stores that behave as their directory is called.
func judge([]string) error {
	x, err := (&oracle.History{}).Index()
	if err != nil {
		return err
	}
	return ServeJudge(x, func(dir string) (kv.Engine, error) {
		switch dir {
		case "/exits/store":
			os.Stderr.WriteString("planted exit")
			os.Exit(3)
		case "/hangs/store":
			select {}
		case "/fails/store":
			return nil, errors.New("planted error")
		}
		return kvtest.NewModel(), nil
	}, os.Stdin, os.Stdout)
}

// A process that ends or hangs is a broken store, and the next store gets a new
// process.
func TestEngineJudge(t *testing.T) {
	s := stage(t)
	j := NewEngineJudge(s, tiertest.Self("judge"))
	defer func() { tiertest.Check(t, j.Release()) }()
	ask := func(dir string) string {
		t.Helper()
		broken, err := j.Judge(context.Background(), dir, 0)
		tiertest.Check(t, err)
		if broken == nil {
			return ""
		}
		return broken.String()
	}
	for _, c := range []struct{ dir, want string }{
		{"/sound/store", ""},
		{"/exits/store", "open: the process ended (exit status 3): planted exit"},
		{"/sound/store", ""},
		{"/fails/store", "open: planted error"},
		{"/sound/store", ""},
	} {
		if got := ask(c.dir); got != c.want {
			t.Errorf("%s: %q, want %q", c.dir, got, c.want)
		}
	}
	j.(*engineJudge).limit = 50 * time.Millisecond
	if got := ask("/hangs/store"); !strings.Contains(got, "no verdict within 50ms") {
		t.Errorf("a store that hangs: %q", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := j.Judge(ctx, "/hangs/store", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cut: %v", err)
	}
}
