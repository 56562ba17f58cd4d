package httpd

import (
	"encoding/json"
	"expvar"
	"net/http"
	"net/http/pprof"
	"runtime"
	"time"
)

// Sampling of the profiles of contention, while there is an admin address: one in
// mutexFraction contended mutexes, and one blocking event in each blockRate of blocked
// time.
const (
	mutexFraction = 100
	blockRate     = time.Millisecond
)

// admin serves what is only for operators: profiles, variables and checkpoints.
func (s *Server) admin() http.Handler {
	runtime.SetMutexProfileFraction(mutexFraction)
	runtime.SetBlockProfileRate(int(blockRate))
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/vars", s.vars)
	mux.HandleFunc("POST /checkpoint", s.checkpoint)
	return mux
}

// vars serves expvar's variables and, as "lsmlab", those of this server. The latter are
// not registered with expvar, because a process may have several servers.
func (s *Server) vars(w http.ResponseWriter, _ *http.Request) {
	all := map[string]any{"lsmlab": map[string]any{
		"engine": s.config.Engine, "metrics": s.store.Metrics(), "settings": s.store.Settings(),
	}}
	expvar.Do(func(v expvar.KeyValue) { all[v.Key] = json.RawMessage(v.Value.String()) })
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(all)
}
