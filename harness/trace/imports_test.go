package trace

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/testseed"
)

// imported returns the events of an imported text.
func imported(t testing.TB, format, text string) (events []Event, skipped int64, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.trace")
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	skipped, importErr := Import(format, "a.log", strings.NewReader(text), w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if events, err = readAll(path, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	return events, skipped, importErr
}

const ycsbLog = `YCSB Client 0.17.0
***************** properties *****************
"workload"="site.ycsb.workloads.CoreWorkload"
INSERT usertable user1 [ field0=abc field1=defgh ]
READ usertable user1 [ <all fields>]
UPDATE usertable user2 [ field0=xy ]
SCAN usertable user1 17 [ <all fields>]
DELETE usertable user2
[OVERALL], RunTime(ms), 11
`

func TestImportYCSB(t *testing.T) {
	got, skipped, err := imported(t, "ycsb", ycsbLog)
	want := []Event{
		{Kind: Set, Key: []byte("user1"), Size: len("field0=abc field1=defgh ")},
		{Kind: Get, Key: []byte("user1")},
		{Kind: Set, Key: []byte("user2"), Size: len("field0=xy ")},
		{Kind: Scan, Key: []byte("user1"), Entries: 17},
		{Kind: Delete, Key: []byte("user2")},
	}
	if err != nil || skipped != 4 || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %d skipped, %v", got, skipped, err)
	}
}

const twitterLog = "100,k1,2,200,7,get,0\n100,k2,2,30,7,set,86400\n103,k1,2,0,7,delete,0\n104,k2,2,5,7,incr,0\n105,k2,2,5,7,touch,0\n"

func TestImportTwitter(t *testing.T) {
	got, skipped, err := imported(t, "twitter", twitterLog)
	want := []Event{
		{Kind: Get, Key: []byte("k1"), Size: 200},
		{Kind: Set, Key: []byte("k2"), Size: 30},
		{Kind: Delete, At: 3 * time.Second, Key: []byte("k1")},
		{Kind: Set, At: 4 * time.Second, Key: []byte("k2"), Size: 5},
	}
	if err != nil || skipped != 1 || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %d skipped, %v", got, skipped, err)
	}
}

// TestImportErrors: damage is named by file, line and offset.
func TestImportErrors(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"ycsb", "READ usertable user1 [ ]\nREAD usertable\n", "a.log: line 2, offset 25: READ with 2 words before its fields, want 3"},
		{"ycsb", "SCAN usertable user1 many [ ]\n", `a.log: line 1, offset 0: "many", want a number`},
		{"ycsb", "READ usertable " + strings.Repeat("k", 1<<17) + " [ ]\n", "want at most"},
		{"twitter", "100,k1,2,200,7,get,0\n100,k1\n", "a.log: line 2, offset 21"},
		{"twitter", "100,k1,2,200,7,get,0\nnow,k1,2,200,7,get,0\n", `a.log: line 2, offset 21: timestamp: "now"`},
		{"twitter", "100,k1,2,-1,7,get,0\n", "a.log: line 1, offset 0: value size"},
		{"twitter", "100,k1,2,1,7,get,0\n99,k1,2,1,7,get,0\n", "timestamp 99 is before the first, 100"},
		{"memcached", "", `format "memcached": want one of ycsb, twitter`},
	} {
		if _, _, err := imported(t, c.format, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: error %v, want %q", c.text, err, c.want)
		}
	}
}

// FuzzImport: no log makes an import panic, and every error says where.
func FuzzImport(f *testing.F) {
	f.Add("ycsb", ycsbLog)
	f.Add("twitter", twitterLog)
	rng := testseed.Rand(f)
	for range 40 {
		for format, log := range map[string]string{"ycsb": ycsbLog, "twitter": twitterLog} {
			b := []byte(log)
			b[rng.IntN(len(b))] = byte(rng.Uint32())
			f.Add(format, string(b))
		}
	}
	f.Fuzz(func(t *testing.T, format, text string) {
		if format != "ycsb" && format != "twitter" {
			return
		}
		if _, _, err := imported(t, format, text); err != nil && !strings.HasPrefix(err.Error(), "a.log: line ") {
			t.Fatal(err)
		}
	})
}
