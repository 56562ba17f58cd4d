package rest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// described are requests in good and bad form for every operation.
var described = []struct {
	method, path, body, durability string
	status                         int
}{
	{"PUT", "/kv/a", "v", "synced", 204},
	{"PUT", "/kv/a", strings.Repeat("v", 1<<20+1), "", 413},
	{"PUT", "/kv/a", "v", "fast", 400},
	{"PUT", "/kv/a", "v", "", 415},
	{"GET", "/kv/a", "", "", 200},
	{"GET", "/kv/b", "", "", 404},
	{"HEAD", "/kv/a", "", "", 200},
	{"HEAD", "/kv/b", "", "", 404},
	{"DELETE", "/kv/a", "", "", 204},
	{"DELETE", "/kv/a", "", "fast", 400},
	{"GET", "/kv", "", "", 200},
	{"GET", "/kv?lower=a&upper=b&limit=10", "", "", 200},
	{"GET", "/kv?limit=0", "", "", 400},
	{"POST", "/batch", `{"key":"aw==","value":"dg=="}`, "", 200},
	{"POST", "/batch", `{"key":"aw=="}`, "", 400},
	{"POST", "/batch", `{"key":"aw==","value":"dg=="}`, "", 415},
	{"POST", "/set?key=k&value=v", "", "", 200},
	{"POST", "/set?key=k", "", "", 400},
	{"GET", "/get?key=k", "", "", 200},
	{"GET", "/get?key=none", "", "", 404},
	{"GET", "/get", "", "", 400},
}

// description is openapi.json as a judge of requests and answers.
type description struct {
	*front
	doc    *openapi3.T
	router routers.Router
	seen   map[string]bool // operations tried
}

func newDescription(t *testing.T) *description {
	d := &description{front: newFront(t), seen: map[string]bool{}}
	loader := openapi3.NewLoader()
	var err error
	if d.doc, err = loader.LoadFromData(openAPI); err != nil {
		t.Fatal(err)
	}
	if err := d.doc.Validate(loader.Context); err != nil {
		t.Fatal(err)
	}
	d.doc.Servers = openapi3.Servers{{URL: d.url}}
	if d.router, err = gorillamux.NewRouter(d.doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// judge does a request and says what the description has against the request
// and against the answer.
func (d *description) judge(r *http.Request) (status int, request, answer error) {
	d.Helper()
	route, params, err := d.router.FindRoute(r)
	if err != nil {
		d.Fatalf("%s %s is not described: %v", r.Method, r.URL, err)
	}
	d.seen[route.Method+" "+route.Path] = true
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{ExcludeRequestBody: true}, // NDJSON is no single document
	}
	request = openapi3filter.ValidateRequest(context.Background(), in)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		d.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		d.Fatal(err)
	}
	ndjson := resp.Header.Get("Content-Type") == "application/x-ndjson"
	return resp.StatusCode, request, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: ndjson},
	})
}

// TestOpenAPI does every operation of the description, and checks requests and
// answers against it. It fails if a route, a method or a status is missing on
// either side.
func TestOpenAPI(t *testing.T) {
	openapi3filter.RegisterBodyDecoder("application/octet-stream", openapi3filter.FileBodyDecoder)
	d := newDescription(t)
	for _, tc := range described {
		r, err := http.NewRequest(tc.method, d.url+tc.path, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		if tc.durability != "" {
			r.Header.Set(durabilityHeader, tc.durability)
		}
		if tc.status == http.StatusUnsupportedMediaType {
			r.Header.Set("Content-Encoding", "gzip")
		}
		status, request, answer := d.judge(r)
		if status != tc.status {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, status, tc.status)
		}
		if refused := status == 400 && tc.path != "/batch"; (request != nil) != refused { // bodies are not looked at
			t.Errorf("%s %s: %d, and the description says of the request: %v", tc.method, tc.path, status, request)
		}
		if answer != nil {
			t.Errorf("%s %s: the description says of the answer: %v", tc.method, tc.path, answer)
		}
	}
	operations := 0
	for path, item := range d.doc.Paths.Map() {
		operations += len(item.Operations())
		for method := range item.Operations() {
			if !d.seen[method+" "+path] {
				t.Errorf("%s %s is described and was not tried", method, path)
			}
		}
	}
	served := len(keyRoute.methods)
	for _, r := range routes {
		served += len(r.methods)
	}
	if operations != served {
		t.Errorf("%d operations described, %d served", operations, served)
	}
}
