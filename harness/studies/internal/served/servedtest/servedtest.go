// Package servedtest is a server that tests of studies of the service start in place of
// lsmlab: it keeps a file of batches and a map of values, and obeys the few settings that
// studies change.
package servedtest

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// Broken is the environment variable that lets a server that holds batches fail to start.
const Broken = "SERVEDTEST_BROKEN"

// Main runs the tests of a package, and makes its test binary the server where it is called
// as one. It is called by TestMain.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := serve(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

type server struct {
	dir, settings string
	asked         atomic.Int64
	values        sync.Map
	taken         atomic.Int64 // requests that the rate took
}

func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	s := &server{}
	for _, ignored := range []string{"engine", "addr", "otlp", "durability"} {
		flags.String(ignored, "", "")
	}
	admin := flags.String("admin-addr", "", "")
	flags.StringVar(&s.dir, "data", "", "")
	flags.StringVar(&s.settings, "settings", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if old, _ := os.ReadFile(s.batches()); os.Getenv(Broken) != "" && len(old) > 0 {
		return fmt.Errorf("the store is damaged")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("serving fake at http://%s\n", l.Addr())
	if *admin != "" {
		fmt.Printf("admin at %s\n", l.Addr())
	}
	return http.Serve(l, s.routes())
}

func (s *server) batches() string { return filepath.Join(s.dir, "batches") }

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.asked.Add(1) < 3 { // so that readiness has to be waited for
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /batch", s.batch)
	mux.HandleFunc("PUT /kv/{key}", s.limited(s.put))
	mux.HandleFunc("GET /kv/{key}", s.limited(s.get))
	mux.HandleFunc("GET /metrics", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /debug/pprof/profile", func(http.ResponseWriter, *http.Request) {})
	return mux
}

func (s *server) batch(w http.ResponseWriter, r *http.Request) {
	for lines := json.NewDecoder(r.Body); lines.More(); {
		var e struct{ Key, Value []byte }
		if err := lines.Decode(&e); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.values.Store(string(e.Key), e.Value)
	}
	_ = os.MkdirAll(s.dir, 0o755) // the write tells
	f, err := os.OpenFile(s.batches(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString("batch\n")
		_ = f.Close()
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// settings are those that studies change. The rate is a number of requests in all: the burst.
type settings struct {
	Limits struct {
		BodyBytes int64 `json:"body_bytes"`
	} `json:"limits"`
	Rate struct {
		Burst int64 `json:"burst"`
	} `json:"rate"`
	Fallback string `json:"fallback"`
}

// limited reads the settings anew for each request.
func (s *server) limited(h func(http.ResponseWriter, *http.Request, int64)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var now settings
		if b, err := os.ReadFile(s.settings); err == nil {
			_ = json.Unmarshal(b, &now) // half a file changes nothing
		}
		if now.Rate.Burst > 0 && s.taken.Add(1) > now.Rate.Burst {
			w.Header().Set("Retry-After", "1")
			http.Error(w, now.Fallback, http.StatusTooManyRequests)
			return
		}
		h(w, r, now.Limits.BodyBytes)
	}
}

func (s *server) put(w http.ResponseWriter, r *http.Request, most int64) {
	value, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case most > 0 && int64(len(value)) > most:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	default:
		s.values.Store(r.PathValue("key"), value)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *server) get(w http.ResponseWriter, r *http.Request, _ int64) {
	value, ok := s.values.Load(r.PathValue("key"))
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = w.Write(value.([]byte)) // the client tells
}
