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
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// TestOpenAPI does every operation of the description in its good and bad forms,
// and checks requests and answers against it. It fails if a route, a method or a
// status is missing on either side.
func TestOpenAPI(t *testing.T) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		t.Fatal(err)
	}
	f := newFront(t)
	doc.Servers = openapi3.Servers{{URL: f.url}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"application/octet-stream", "application/x-ndjson"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder)
	}
	skipBodies := &openapi3filter.Options{ExcludeRequestBody: true, ExcludeResponseBody: true}
	bodies := &openapi3filter.Options{IncludeResponseStatus: true}

	seen := map[string]bool{}
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/kv/a", "v", 204},
		{"PUT", "/kv/a", strings.Repeat("v", 1<<20+1), 413},
		{"PUT", "/kv/a?durability", "v", 400},
		{"GET", "/kv/a", "", 200},
		{"GET", "/kv/b", "", 404},
		{"HEAD", "/kv/a", "", 200},
		{"HEAD", "/kv/b", "", 404},
		{"DELETE", "/kv/a", "", 204},
		{"GET", "/kv", "", 200},
		{"GET", "/kv?lower=a&upper=b&limit=10", "", 200},
		{"GET", "/kv?limit=0", "", 400},
		{"POST", "/batch", `{"key":"aw==","value":"dg=="}`, 200},
		{"POST", "/batch", `{"key":"aw=="}`, 400},
		{"POST", "/set?key=k&value=v", "", 200},
		{"GET", "/set?key=k&value=v", "", 200},
		{"GET", "/set?key=k", "", 400},
		{"GET", "/get?key=k", "", 200},
		{"GET", "/get?key=none", "", 404},
		{"GET", "/get", "", 400},
	} {
		r, err := http.NewRequest(tc.method, f.url+tc.path, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(tc.path, "?durability") {
			r.Header.Set(DurabilityHeader, "fast")
		}
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Errorf("%s %s is not described: %v", tc.method, tc.path, err)
			continue
		}
		seen[route.Method+" "+route.Path] = true
		in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: skipBodies}
		if err := openapi3filter.ValidateRequest(context.Background(), in); (err != nil) != (tc.status == 400 && tc.method != "POST") {
			t.Errorf("%s %s: the description says of the request: %v", tc.method, tc.path, err)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tc.status {
			t.Errorf("%s %s: %d, want %d: %v", tc.method, tc.path, resp.StatusCode, tc.status, err)
		}
		out := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
			Body: io.NopCloser(bytes.NewReader(body)), Options: bodies,
		}
		if resp.StatusCode == 200 && resp.Header.Get("Content-Type") == "application/x-ndjson" {
			out.Options = skipBodies // many documents; TestScan reads them
		}
		if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
			t.Errorf("%s %s: the description says of the answer %s: %v", tc.method, tc.path, body, err)
		}
	}
	described := 0
	for path, item := range doc.Paths.Map() {
		described += len(item.Operations())
		for method := range item.Operations() {
			if !seen[method+" "+path] {
				t.Errorf("%s %s is described and was not tried", method, path)
			}
		}
	}
	served := len(keyRoute.methods)
	for _, r := range routes {
		served += len(r.methods)
	}
	if described != served {
		t.Errorf("%d operations described, %d served", described, served)
	}
}
