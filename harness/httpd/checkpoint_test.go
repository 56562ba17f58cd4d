package httpd

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/lsm"
	"lsmlab/engines/vfs"
	"lsmlab/harness/backup"
)

// TestCheckpoint makes copies while a client writes. Each is a sound store that holds
// at least what was answered before, and later writes in order.
func TestCheckpoint(t *testing.T) {
	backups := filepath.Join(t.TempDir(), "new", "backups")
	r := start(t, Config{AdminAddr: "127.0.0.1:0", Engine: "lsm-skiplist", Backups: backups}).awaitReady()
	admin := &running{T: t, url: "http://" + r.Addrs()[AdminFront].String()}
	written := 0
	write := func() {
		if status, body := r.do("PUT", fmt.Sprintf("/kv/%06d", written), "v"); status != 204 {
			t.Fatalf("%d %s", status, body)
		}
		written++
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	for range 100 {
		write()
	}
	before := written
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				write()
			}
		}
	}()
	var dirs []string
	for _, query := range []string{"", "?name=monday"} {
		status, body := admin.do("POST", "/checkpoint"+query, "")
		var c backup.Checkpoint
		if err := json.Unmarshal([]byte(body), &c); status != 201 || err != nil || filepath.Dir(c.Dir) != backups || c.Engine != "lsm-skiplist" {
			t.Fatalf("%d %s, %v", status, body, err)
		}
		dirs = append(dirs, c.Dir)
	}
	close(stop)
	<-stopped
	for _, dir := range dirs {
		if n := entriesOf(t, dir); n < before || n > written {
			t.Errorf("%s holds %d entries, want %d to %d", dir, n, before, written)
		}
	}
	for _, tc := range []struct {
		query  string
		status int
		text   string
	}{
		{"?name=monday", 409, "exists"},
		{"?name=..", 400, "letters"},
		{"?name=a%2Fb", 400, "letters"},
		{"?name=" + strings.Repeat("a", 101), 400, "letters"},
	} {
		if status, body := admin.do("POST", "/checkpoint"+tc.query, ""); status != tc.status || !strings.Contains(body, tc.text) {
			t.Errorf("%s: %d %s, want %d with %q", tc.query, status, body, tc.status, tc.text)
		}
	}
	if status, _ := admin.get("/checkpoint"); status != 405 {
		t.Errorf("GET: %d", status)
	}
	if status, _ := r.do("POST", "/checkpoint", ""); status != 404 {
		t.Errorf("clients can make checkpoints: %d", status)
	}
}

// entriesOf counts the entries of a store that is sound, which have the keys 000000 on.
func entriesOf(t *testing.T, dir string) (n int) {
	t.Helper()
	if report, err := lsm.Verify(vfs.OS, dir); err != nil || len(report.Findings) > 0 {
		t.Fatalf("%v, %v", report.Findings, err)
	}
	db, err := lsm.Open(dir, lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	it := db.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		if want := fmt.Sprintf("%06d", n); string(it.Key()) != want {
			t.Fatalf("%s has %q where %q should be", dir, it.Key(), want)
		}
		n++
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCheckpointRefused(t *testing.T) {
	post := func(c Config) (int, string) {
		t.Helper()
		c.AdminAddr = "127.0.0.1:0"
		r := start(t, c).awaitReady()
		r.url = "http://" + r.Addrs()[AdminFront].String()
		return r.do("POST", "/checkpoint", "")
	}
	if status, body := post(Config{}); status != 400 || !strings.Contains(body, "without a directory") {
		t.Errorf("no directory: %d %s", status, body)
	}
	engine := func(func(kv.OpenProgress) error) (kv.Engine, error) {
		return struct{ kv.Engine }{kvtest.NewModel()}, nil
	}
	if status, body := post(Config{Open: engine, Backups: t.TempDir()}); status != 400 || !strings.Contains(body, "checkpoints") {
		t.Errorf("an engine without checkpoints: %d %s", status, body)
	}
}
