// Package rest is the HTTP front of a store:
//
//	PUT|GET|DELETE /kv/{key}                the key percent-encoded, the body the raw value
//	GET            /kv?lower=&upper=&limit= entries in order, NDJSON with base64
//	POST           /batch                   NDJSON of writes, applied as one
//	POST           /set?key=&value=         plain text; GET too with AllowGetSet
//	GET            /get?key=                plain text
//
// Every byte string is a key, the empty one and those with slashes too: /kv/ and
// /kv/a%2F..%2Fb name keys as they are, nothing is cleaned or redirected. Errors
// are JSON problems (RFC 9457), after which the connection stays usable. A scan
// that fails after its first byte ends the connection, so that nobody takes a
// part for the whole.
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
	DurabilityHeader = "Lsmlab-Durability" // volatile, buffered or synced; of writes
	LSNHeader        = "Lsmlab-Lsn"        // of the write; for reads one that was seen
)

// Handler serves a store over HTTP.
type Handler struct {
	Store *service.Store
	// Observe, if set, is told about every answer.
	Observe func(Observation)
	// StallTimeout bounds the time that a client may take to read one part of a
	// scan; 0: no bound but the server's.
	StallTimeout time.Duration
	// AllowGetSet lets GET /set write: so can then every link on every page.
	AllowGetSet bool

	scratch sync.Pool // of *scratch
}

// Observation is one answer.
type Observation struct {
	Route  string // as OpenAPI writes it
	Method string
	Status int
	Err    error // why the status is what it is, or nil
	Took   time.Duration
}

// scratch is the memory of one request, used again by later ones.
type scratch struct {
	value []byte
	batch kv.Batch
	hold  service.Hold // of the answer
	sent  service.Hold // of the body
}

// keptScratch is the most that each piece of a finished request's memory leaves for
// others, who hold it uncounted: as much as is free for each.
const keptScratch = service.SmallSize

// action answers one method of a route, but for errors, and returns the status.
type action func(h *Handler, w http.ResponseWriter, r *http.Request, m *scratch) (status int, err error)

// route is one path with its methods.
type route struct {
	path    string // as OpenAPI writes it
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

// Route returns the route of a path as OpenAPI writes it, or "" if the path is
// not the handler's.
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
		panic(http.ErrAbortHandler) // ends the connection: nobody may take a part for the whole
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

func (h *Handler) giveBack(m *scratch) {
	defer m.hold.Release()
	defer m.sent.Release()
	if max(cap(m.value), cap(m.batch.Bytes())) > keptScratch {
		return
	}
	m.value = m.value[:0]
	m.batch.Reset()
	h.scratch.Put(m)
}
