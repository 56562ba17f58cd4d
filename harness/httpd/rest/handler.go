// Package rest is the HTTP front of a store:
//
//	PUT|GET|DELETE /kv/{key}                the key percent-encoded, the body the raw value
//	GET            /kv?lower=&upper=&limit= entries in order, NDJSON with base64
//	POST           /batch                   NDJSON of writes, applied as one
//	POST           /set?key=&value=         plain text; GET too with AllowGetSet
//	GET            /get?key=                plain text
//
// Every byte string is a key, including the empty one and those with slashes: /kv/ and
// /kv/a%2F..%2Fb name keys as they are, and no path is cleaned or redirected. Errors
// are JSON problems (RFC 9457), after which the connection can be used again. A scan
// that fails after its first byte ends the connection, so that no client takes a part
// for the whole.
package rest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/service"
)

// Headers of requests and answers.
const (
	durabilityHeader = "Lsmlab-Durability" // of writes: volatile, buffered or synced
	lsnHeader        = "Lsmlab-Lsn"        // of the write; for a read, an LSN that the read saw
)

// Handler serves a store over HTTP.
type Handler struct {
	Store *service.Store
	// Observe, if not nil, is called with every answer.
	Observe func(Observation)
	// StallTimeout is how long a client may take to read one part of a scan. With 0,
	// only the server's limits apply.
	StallTimeout time.Duration
	// AllowGetSet lets GET /set write. Then every link on every page can write too.
	AllowGetSet bool

	scratch sync.Pool // of *scratch
}

// Observation is one answer.
type Observation struct {
	Route  string // in the notation of OpenAPI
	Method string
	Status int
	Err    error // the reason for the status, or nil
	Took   time.Duration
}

// scratch is the memory of one request. Later requests reuse it.
type scratch struct {
	value []byte
	batch kv.Batch
	hold  service.Hold // memory of the answer
	sent  service.Hold // memory of the body
}

// keptScratch is how many bytes of each piece of memory a finished request leaves for
// others. They hold this memory without counting it, so it is as much as is free for
// each.
const keptScratch = service.SmallSize

// action answers one method of a route, except errors, and returns the status.
type action func(h *Handler, w http.ResponseWriter, r *http.Request, m *scratch) (status int, err error)

// route is one path with its methods.
type route struct {
	path    string // in the notation of OpenAPI
	methods map[string]action
	allow   string
}

const keyPath = "/kv/"

var (
	keyRoute = newRoute("/kv/{key}", map[string]action{
		http.MethodGet: (*Handler).get, http.MethodHead: (*Handler).get,
		http.MethodPut: (*Handler).put, http.MethodDelete: (*Handler).remove,
	})
	setRoute = newRoute("/set", map[string]action{http.MethodPost: (*Handler).plainSet})
	routes   = map[string]*route{
		"/kv":    newRoute("/kv", map[string]action{http.MethodGet: (*Handler).scan}),
		"/batch": newRoute("/batch", map[string]action{http.MethodPost: (*Handler).batch}),
		"/set":   setRoute,
		"/get":   newRoute("/get", map[string]action{http.MethodGet: (*Handler).plainGet}),
	}
)

// find returns the route of a path, or nil.
func (h *Handler) find(path string) *route {
	if strings.HasPrefix(path, keyPath) {
		return keyRoute
	}
	return routes[path]
}

// Route returns the route of a path in the notation of OpenAPI. It is "" if the handler
// does not serve the path.
func (h *Handler) Route(path string) string {
	if r := h.find(path); r != nil {
		return r.path
	}
	return ""
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	route := h.find(r.URL.Path)
	if route == nil {
		WriteProblem(w, r, service.Problem{Status: http.StatusNotFound, Kind: "no-such-path", Detail: "no such path: see /openapi.json"})
		return
	}
	status, err := h.answer(route, w, r)
	if h.Observe != nil {
		h.Observe(Observation{route.path, r.Method, status, err, time.Since(start)})
	}
	if _, cut := err.(*cutError); cut {
		panic(http.ErrAbortHandler) // ends the connection, so that no client takes a part for the whole
	}
}

func (h *Handler) answer(route *route, w http.ResponseWriter, r *http.Request) (status int, err error) {
	act := route.methods[r.Method]
	if route == setRoute && r.Method == http.MethodGet && h.AllowGetSet {
		act = (*Handler).plainSet
	}
	if act == nil {
		w.Header().Set("Allow", route.allow)
		return WriteProblem(w, r, service.Problem{Status: http.StatusMethodNotAllowed, Kind: "method", Detail: "allowed here: " + route.allow}), nil
	}
	if coding := strings.Join(r.Header.Values("Content-Encoding"), ", "); coding != "" && !strings.EqualFold(coding, "identity") {
		return WriteProblem(w, r, service.Problem{
			Status: http.StatusUnsupportedMediaType, Kind: "content-encoding",
			Detail: fmt.Sprintf("Content-Encoding is %q: bodies are taken as they are, only identity is known", coding),
		}), nil
	}
	m := h.borrow()
	status, err = act(h, w, r, m)
	h.giveBack(m)
	if cut, ok := err.(*cutError); ok {
		return cut.status(), err
	}
	if err != nil {
		status = WriteProblem(w, r, service.Classify(err))
	}
	return status, err
}

func (h *Handler) borrow() *scratch {
	if m, ok := h.scratch.Get().(*scratch); ok {
		return m
	}
	return &scratch{hold: h.Store.HoldAnswer(), sent: h.Store.HoldRequest()}
}

// giveBack releases what m holds, and keeps m for the next request unless it is large.
// The holds end first: a request that takes m from the pool uses them at once.
func (h *Handler) giveBack(m *scratch) {
	m.hold.Release()
	m.sent.Release()
	if max(cap(m.value), cap(m.batch.Bytes())) > keptScratch {
		return
	}
	m.value = m.value[:0]
	m.batch.Reset()
	h.scratch.Put(m)
}
