package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"lsmlab/harness/httpd/rest"
	"lsmlab/harness/httpd/rpc"
)

// The paths of probes. They need no token.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// handler returns the handler of all paths. At most `most` requests run at a time.
func (s *Server) handler(most int) http.Handler {
	kvs := &rest.Handler{
		Store: s.store, StallTimeout: s.config.Timeouts.Write, AllowGetSet: s.config.AllowGetSet, Observe: s.observe,
	}
	rpcPath, rpcs := rpc.New(s.store, s.metrics.Call)
	metaPaths, meta := rpc.NewMeta(s.store)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+healthPath, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("alive\n")) })
	mux.HandleFunc("GET "+readyPath, s.readiness)
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.HandleFunc("GET /openapi.json", rest.OpenAPI)
	for _, path := range metaPaths {
		mux.Handle(path, meta)
	}
	mux.Handle("/", kvs) // answers unknown paths with an explanation

	requests := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case kvs.Route(r.URL.Path) != "": // a mux would clean the path
			kvs.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, rpcPath):
			rpcs.ServeHTTP(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	if s.tracing != nil {
		requests = s.tracing.Wrap(requests, func(r *http.Request) string {
			if strings.HasPrefix(r.URL.Path, rpcPath) {
				return r.URL.Path
			}
			return kvs.Route(r.URL.Path)
		})
	}
	hosts := s.config.AllowedHosts
	if s.config.Token != "" || s.config.TLS != nil {
		hosts = []string{"*"} // a page that reached the server by another name has neither the token nor the certificate
	}
	return bounded(max(leastRequests, most), s.store, ownPages(hosts, authorized(s.config.Token, requests)))
}

// readiness says whether clients should send requests to this server.
func (s *Server) readiness(w http.ResponseWriter, _ *http.Request) {
	if err := s.store.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// observe records an answer in the metrics. It logs answers that are the server's
// fault; at debug level, it logs all.
func (s *Server) observe(o rest.Observation) {
	s.metrics.Request(o)
	level := slog.LevelDebug
	if o.Status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	if log := s.config.Log; log.Enabled(context.Background(), level) {
		log.Log(context.Background(), level, "request",
			"method", o.Method, "route", o.Route, "status", o.Status, "took", o.Took, "error", o.Err)
	}
}
