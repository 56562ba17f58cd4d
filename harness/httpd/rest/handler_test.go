package rest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/harness/httpd/internal/servetest"
	"lsmlab/harness/httpd/service"
	"lsmlab/harness/httpd/settings"
)

// front is a handler over a real store, behind a real server.
type front struct {
	*testing.T
	url   string
	store *service.Store
	db    *lsm.DB
}

func newFront(t *testing.T) *front {
	t.Helper()
	s := settings.Default()
	s.Limits.BodyBytes, s.Limits.ScanEntries = 1<<20, 1000
	store, db := servetest.NewStore(t, s)
	server := httptest.NewServer(&Handler{Store: store})
	t.Cleanup(server.Close)
	return &front{t, server.URL, store, db}
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   string
}

func (f *front) do(method, path, body string, header ...string) answer {
	f.Helper()
	r, err := http.NewRequest(method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r) // follows no redirects
	if err != nil {
		f.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		f.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(got)}
}

// expect does a request and compares status and body.
func (f *front) expect(status int, body, method, path, send string, header ...string) answer {
	f.Helper()
	a := f.do(method, path, send, header...)
	if a.status != status || a.body != body {
		f.Errorf("%s %s: %d %q, want %d %q", method, path, a.status, a.body, status, body)
	}
	return a
}

// problem does a request that must fail and compares kind and detail.
func (f *front) problem(status int, kind, detail, method, path, send string, header ...string) {
	f.Helper()
	a := f.do(method, path, send, header...)
	var p problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		f.Fatalf("%s %s: %d %s, %v", method, path, a.status, a.body, err)
	}
	if a.status != status || p.Status != status || p.Type != "urn:lsmlab:"+kind || p.Title != http.StatusText(status) || !strings.Contains(p.Detail, detail) {
		f.Errorf("%s %s: %d %+v, want %d %s with %q", method, path, a.status, p, status, kind, detail)
	}
}

func TestKeys(t *testing.T) {
	f := newFront(t)
	keys := []string{
		"", "plain", "a/b", "/", "//", ".", "..", "a/../b", "a//b/", "%", "%2F", "?q=1#f", "+ +", "\x00\xff\xfe", "ключ",
		strings.Repeat("k", 4096),
	}
	for i, key := range keys {
		path := "/kv/" + url.PathEscape(key)
		value := fmt.Sprintf("value %d\r\n\x00\xff", i)
		f.problem(404, "not-found", "no value", "GET", path, "")
		a := f.expect(204, "", "PUT", path, value)
		if lsn := a.header.Get(lsnHeader); lsn != strconv.Itoa(i+1) {
			t.Errorf("%q: LSN %q of write %d", key, lsn, i+1)
		}
		a = f.expect(200, value, "GET", path, "")
		if a.header.Get("Content-Type") != "application/octet-stream" || a.header.Get(lsnHeader) != strconv.Itoa(i+1) {
			t.Errorf("%q: header %v", key, a.header)
		}
		if got, err := f.db.Get(nil, []byte(key)); err != nil || string(got) != value {
			t.Errorf("key %q in the store: %q, %v", key, got, err)
		}
	}
	f.expect(200, "value 2\r\n\x00\xff", "GET", "/kv/a/b", "") // unescaped slashes are the same key
	for _, key := range keys {
		f.expect(204, "", "DELETE", "/kv/"+url.PathEscape(key), "")
		f.problem(404, "not-found", "", "GET", "/kv/"+url.PathEscape(key), "")
	}
	f.expect(200, "", "GET", "/kv", "")
}

func TestValues(t *testing.T) {
	f := newFront(t)
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{0, 1, 4095, 100_000, 1 << 20} {
		value := make([]byte, size)
		random.Read(value)
		f.expect(204, "", "PUT", "/kv/v", string(value))
		f.expect(200, string(value), "GET", "/kv/v", "")
		if a := f.do("HEAD", "/kv/v", ""); a.status != 200 || a.header.Get("Content-Length") != strconv.Itoa(size) {
			t.Errorf("HEAD: %+v", a)
		}
	}
	// A body of unknown length.
	r, _ := http.NewRequest("PUT", f.url+"/kv/chunked", io.MultiReader(strings.NewReader("two"), strings.NewReader("parts")))
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 204 {
		t.Fatal(resp, err)
	}
	f.expect(200, "twoparts", "GET", "/kv/chunked", "")
}

func TestRefused(t *testing.T) {
	f := newFront(t)
	long := strings.Repeat("v", 1<<20+1)
	line := func(key, rest string) string { return fmt.Sprintf("{\"key\":%q%s}\n", key, rest) }
	for _, tc := range []struct {
		status       int
		kind, detail string
		method, path string
		body         string
		header       []string
	}{
		{413, "too-large", "limit of 1048576 bytes", "PUT", "/kv/k", long, nil},
		{413, "too-large", "limit of 1048576 bytes", "POST", "/batch", line("aw==", `,"value":"`+long+`"`), nil},
		{413, "too-large", "key of 65537 bytes", "PUT", "/kv/" + strings.Repeat("k", 65537), "", nil},
		{400, "bad-request", `durability "fast": want volatile`, "PUT", "/kv/k", "v", []string{durabilityHeader, "fast"}},
		{400, "bad-request", "limit is \"0\"", "GET", "/kv?limit=0", "", nil},
		{400, "bad-request", "from 1 to 1000", "GET", "/kv?limit=1001", "", nil},
		{400, "bad-request", "limit is \"ten\"", "GET", "/kv?limit=ten", "", nil},
		{400, "bad-request", "invalid URL escape", "GET", "/kv?lower=%zz", "", nil},
		{400, "bad-request", "no value", "POST", "/set?key=k", "", nil},
		{400, "bad-request", "no key", "GET", "/get", "", nil},
		{400, "bad-request", "write 2 of the batch: want either", "POST", "/batch", line("aw==", `,"value":""`) + line("aw==", ""), nil},
		{400, "bad-request", "write 1 of the batch: want either", "POST", "/batch", line("aw==", `,"value":"","delete":true`), nil},
		{400, "bad-request", "write 1 of the batch has no key", "POST", "/batch", "{}", nil},
		{400, "bad-request", "write 1 of the batch: illegal base64", "POST", "/batch", line("a", `,"delete":true`), nil},
		{400, "bad-request", "unknown field", "POST", "/batch", line("aw==", `,"vaule":""`), nil},
		{405, "method", "DELETE, GET, HEAD, PUT", "POST", "/kv/k", "", nil},
		{405, "method", "GET", "PUT", "/kv", "", nil},
		{405, "method", "POST", "GET", "/batch", "", nil},
		{404, "no-such-path", "openapi", "GET", "/KV/k", "", nil},
	} {
		f.problem(tc.status, tc.kind, tc.detail, tc.method, tc.path, tc.body, tc.header...)
	}
	f.expect(200, "", "GET", "/kv", "") // nothing was written
}

// TestScan pages through entries in every way that a client can, and compares
// with a sorted slice.
func TestScan(t *testing.T) {
	f := newFront(t)
	type entry struct{ Key, Value []byte }
	var all []entry
	for i := range 900 {
		e := entry{fmt.Appendf(nil, "k/%03d\xff", i), bytes.Repeat([]byte{byte(i)}, i)}
		all = append(all, e)
		f.expect(204, "", "PUT", "/kv/"+url.PathEscape(string(e.Key)), string(e.Value))
	}
	for _, tc := range []struct {
		query    string
		from, to int
	}{
		{"", 0, 900},
		{"?limit=7", 0, 7},
		{"?lower=k/100", 100, 900},
		{"?lower=k/100%FF&upper=k/200%FF", 100, 200},
		{"?lower=k/100%FF%00&limit=3", 101, 104},
		{"?upper=k/005", 0, 5},
		{"?lower=l", 0, 0},
		{"?upper=", 0, 0},
		{"?lower=k/2&upper=k/1", 0, 0},
	} {
		a := f.do("GET", "/kv"+tc.query, "")
		var got []entry
		for line := range strings.Lines(a.body) {
			var e entry
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%s: %q: %v", tc.query, line, err)
			}
			got = append(got, e)
		}
		same := slices.EqualFunc(got, all[tc.from:tc.to], func(a, b entry) bool {
			return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value)
		})
		if a.status != 200 || a.header.Get("Content-Type") != "application/x-ndjson" || !same {
			t.Errorf("%s: %d, %d entries, want %d to %d", tc.query, a.status, len(got), tc.from, tc.to)
		}
	}
}

// TestBatch: what a scan gives is a batch, the later of two writes wins, and a
// batch takes a run of LSNs.
func TestBatch(t *testing.T) {
	f := newFront(t)
	encode := base64.StdEncoding.EncodeToString
	set := func(key, value string) string {
		return fmt.Sprintf("{\"key\":%q,\"value\":%q}\n", encode([]byte(key)), encode([]byte(value)))
	}
	remove := func(key string) string { return fmt.Sprintf("{\"key\":%q,\"delete\":true}\n", encode([]byte(key))) }
	a := f.expect(200, "{\"count\":5,\"lsn\":5}\n", "POST", "/batch",
		set("", "empty key")+set("a", "1")+set("a", "2")+set("b", "")+remove("b"), durabilityHeader, "synced")
	if a.header.Get(lsnHeader) != "5" {
		t.Error(a.header)
	}
	want := set("", "empty key") + set("a", "2")
	f.expect(200, want, "GET", "/kv", "")
	f.expect(200, "{\"count\":2,\"lsn\":7}\n", "POST", "/batch", want)
	f.expect(200, want, "GET", "/kv", "")
	f.expect(200, "{\"count\":0,\"lsn\":0}\n", "POST", "/batch", "")
	f.problem(400, "bad-request", "write 2", "POST", "/batch", set("a", "3")+"{")
	f.expect(200, want, "GET", "/kv", "")
}

func TestPlain(t *testing.T) {
	f := newFront(t)
	f.expect(200, "OK\n", "POST", "/set?key=a%2Fb&value=one+two", "")
	f.expect(200, "one two", "GET", "/get?key=a%2Fb", "")
	f.expect(200, "one two", "GET", "/kv/a/b", "")
	f.expect(200, "OK\n", "POST", "/set?key=&value=", "")
	f.expect(200, "", "GET", "/get?key=", "")
	f.problem(404, "not-found", "", "GET", "/get?key=none", "")
}

// TestStates: before the engine is there and after it was closed.
func TestStates(t *testing.T) {
	store := servetest.Empty(settings.Default())
	server := httptest.NewServer(&Handler{Store: store})
	defer server.Close()
	f := &front{t, server.URL, store, nil}
	all := func(kind string) {
		f.problem(503, kind, "", "GET", "/kv/k", "")
		f.problem(503, kind, "", "PUT", "/kv/k", "v")
		f.problem(503, kind, "", "GET", "/kv", "")
		f.problem(503, kind, "", "POST", "/batch", `{"key":"aw==","value":""}`)
	}
	all("recovering")
	if a := f.do("GET", "/kv/k", ""); a.header.Get("Retry-After") != "1" {
		t.Error(a.header)
	}
	db, err := lsm.Open(t.TempDir(), lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store.Attach(db)
	f.expect(204, "", "PUT", "/kv/k", "v")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	all("stopping")
}

// TestObserve: each answer is reported once, with its route.
func TestObserve(t *testing.T) {
	store, _ := servetest.NewStore(t, settings.Default())
	var seen []string
	h := &Handler{Store: store, Observe: func(o Observation) {
		seen = append(seen, fmt.Sprintf("%s %s %d", o.Method, o.Route, o.Status))
	}}
	for _, r := range []*http.Request{
		httptest.NewRequest("PUT", "/kv/a", strings.NewReader("v")), httptest.NewRequest("GET", "/kv/b", nil),
		httptest.NewRequest("GET", "/kv?limit=1", nil), httptest.NewRequest("PATCH", "/batch", nil),
	} {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	want := []string{"PUT /kv/{key} 204", "GET /kv/{key} 404", "GET /kv 200", "PATCH /batch 405"}
	if !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
}

// TestCutScan: a client that leaves in the middle is seen as such, and an engine
// that fails in the middle ends the connection.
func TestCutScan(t *testing.T) {
	store, db := servetest.NewStore(t, settings.Default())
	var b kv.Batch
	for i := range 200 {
		b.Set(fmt.Appendf(nil, "%d", i), make([]byte, 100_000))
	}
	if err := db.Apply(&b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	seen := make(chan Observation, 1)
	server := httptest.NewServer(&Handler{Store: store, Observe: func(o Observation) { seen <- o }})
	defer server.Close()
	resp, err := http.Get(server.URL + "/kv")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if o := <-seen; o.Status != statusClientGone || o.Err == nil {
		t.Errorf("the client left: %+v", o)
	}

	broken := servetest.Empty(settings.Default())
	broken.Attach(brokenScan{db})
	server.Config.Handler.(*Handler).Store = broken
	if resp, err = http.Get(server.URL + "/kv"); err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Errorf("%d bytes of a broken scan look whole", n)
	}
	if o := <-seen; o.Status != 500 || !errors.Is(o.Err, kv.ErrCorrupt) {
		t.Errorf("the engine failed: %+v", o)
	}
}

// brokenScan finds damage at the end of each scan.
type brokenScan struct{ kv.Engine }

func (b brokenScan) Scan(lower, upper []byte) kv.Iterator {
	return brokenIterator{b.Engine.Scan(lower, upper)}
}

type brokenIterator struct{ kv.Iterator }

func (b brokenIterator) Close() error { return errors.Join(kv.ErrCorrupt, b.Iterator.Close()) }

// TestScratchIsSmall: what a request leaves for the next one, which holds it
// uncounted, is as small as what is free.
func TestScratchIsSmall(t *testing.T) {
	f := newFront(t)
	h := &Handler{Store: f.store}
	for i, size := range []int{300_000, 1000} {
		path := fmt.Sprintf("/kv/%d", i)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("PUT", path, strings.NewReader(strings.Repeat("v", size))))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	if m := h.borrow(); max(cap(m.value), cap(m.batch.Bytes())) > service.SmallSize {
		t.Errorf("%d and %d bytes", cap(m.value), cap(m.batch.Bytes()))
	}
}

// TestScratchIsOfOne: one request at a time uses a scratch and its holds. Bodies are large
// enough to be counted, and small enough for the scratch to be kept. Two users at a time
// are seen by the race detector (make race); the count that they spoil seldom shows.
func TestScratchIsOfOne(t *testing.T) {
	f := newFront(t)
	h := &Handler{Store: f.store}
	body := strings.Repeat("v", keptScratch*3/4)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 500 {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("PUT", fmt.Sprintf("/kv/%d", i), strings.NewReader(body)))
			}
		})
	}
	all.Wait()
	if answers, requests := f.store.Held(); answers != 0 || requests != 0 {
		t.Errorf("%d bytes of answers and %d of requests are held by nobody", answers, requests)
	}
}

// TestTwoEncodings: a second header of the same name counts, too.
func TestTwoEncodings(t *testing.T) {
	f := newFront(t)
	r := httptest.NewRequest("PUT", "/kv/k", strings.NewReader("v"))
	r.Header["Content-Encoding"] = []string{"identity", "gzip"}
	w := httptest.NewRecorder()
	(&Handler{Store: f.store}).ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("status %d", w.Code)
	}
}
