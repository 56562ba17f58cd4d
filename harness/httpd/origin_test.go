package httpd

import (
	"fmt"
	"net/http"
	"testing"
)

// TestPagesCannotWrite: what a browser sends for a page of another site is
// refused, on every path, and what others send is served.
func TestPagesCannotWrite(t *testing.T) {
	r := start(t, Config{AllowedHosts: []string{"db.example"}, AdminAddr: "127.0.0.1:0"}).awaitReady()
	port := r.Addr().String()
	admin := "http://" + r.Addrs()[AdminFront].String()
	const ok, refused = false, true
	for _, tc := range []struct {
		host    string
		headers map[string]string
		want    bool
	}{
		{port, nil, ok},
		{"localhost", nil, ok},
		{"LOCALHOST:8080", nil, ok},
		{"[::1]:8080", nil, ok},
		{"::1", nil, ok},
		{"192.168.7.7", nil, ok},
		{"db.example", nil, ok},
		{"DB.example.:80", nil, ok},
		{"evil.example", nil, refused},
		{"localhost.evil.example:8080", nil, refused},
		{"127.0.0.1.evil.example", nil, refused},
		{"evil.example", map[string]string{"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, refused}, // rebound
		{port, map[string]string{"Origin": "http://evil.example"}, refused},
		{port, map[string]string{"Origin": "null"}, refused},
		{port, map[string]string{"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}, refused},
		{port, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, refused},
		{port, map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, ok},
		{port, map[string]string{"Origin": "http://" + port}, ok},
		{port, map[string]string{"Origin": "http://" + port, "Sec-Fetch-Site": "same-origin"}, ok},
		{port, map[string]string{"Origin": "https://db.example"}, ok},
	} {
		for path, method := range map[string]string{
			"/kv/a": "PUT", "/set?key=a&value=1": "POST", "/batch": "POST", "/get?key=none": "GET", "/metrics": "GET",
			"/lsmlab.kv.v1.KV/Set": "POST", admin + "/debug/vars": "GET",
		} {
			if path[0] == '/' {
				path = r.url + path
			}
			q, _ := http.NewRequest(method, path, nil)
			q.Host = tc.host
			for name, value := range tc.headers {
				q.Header.Set(name, value)
			}
			resp, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if (resp.StatusCode == http.StatusForbidden) != tc.want {
				t.Errorf("%s %s of host %s, %v: %d", method, path, tc.host, tc.headers, resp.StatusCode)
			}
		}
	}
}

// TestTokenNeedsNoHost: with a token any name will do, since a page that came by
// another name does not have it.
func TestTokenNeedsNoHost(t *testing.T) {
	r := start(t, Config{Token: "secret"})
	until(t, "ready", func() bool { s, _ := r.get("/readyz"); return s == 200 })
	q, _ := http.NewRequest("PUT", r.url+"/kv/a", nil)
	q.Host = "store.internal"
	q.Header.Set("Authorization", "Bearer secret")
	resp, err := http.DefaultClient.Do(q)
	if err != nil || resp.StatusCode != 204 {
		t.Error(resp, err)
	}
}

// TestGetSet: GET /set writes nothing unless the server is told so.
func TestGetSet(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		r := start(t, Config{AllowGetSet: allowed}).awaitReady()
		status, body := r.get("/set?key=k&value=v")
		_, stored := r.get("/get?key=k")
		if got := fmt.Sprint(status == 200, stored == "v"); got != fmt.Sprint(allowed, allowed) {
			t.Errorf("allowed %v: %d %s, then %q", allowed, status, body, stored)
		}
	}
}
