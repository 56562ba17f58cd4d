package httpd

import (
	"net/http"
	"sync/atomic"

	"lsmlab/harness/httpd/service"
)

// leastRequests are under way at a time, however few connections may be open: as many
// as one connection of HTTP/2 may have.
const leastRequests = maxStreams

// bounded refuses requests beyond most under way, and those whose header is not small
// and finds no room: a connection of HTTP/2 has many requests, each with a header of
// its own, which a client that takes no answer makes the server keep.
//
// The refusal has no body, since such a client would not take that either, and the
// header is kept for as long.
func bounded(most int, store *service.Store, next http.Handler) http.Handler {
	var underWay atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer underWay.Add(-1)
		header := store.HoldRequest()
		defer header.Release()
		if underWay.Add(1) > int64(most) || !header.Try(headerSize(r)) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// headerSize is about how much memory the header of r takes.
func headerSize(r *http.Request) (size int64) {
	const (
		paths = 3  // as sent, unescaped, and as a key
		entry = 64 // beside its bytes
	)
	size = int64(paths * len(r.RequestURI))
	for name, values := range r.Header {
		for _, v := range values {
			size += int64(len(name) + len(v) + entry)
		}
	}
	return size
}
