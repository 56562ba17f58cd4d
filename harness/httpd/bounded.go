package httpd

import (
	"net/http"
	"sync/atomic"

	"lsmlab/harness/httpd/service"
)

// leastRequests is how many requests may run at a time, even if few connections may be
// open. It is as many as one connection of HTTP/2 may have.
const leastRequests = maxStreams

// bounded refuses requests beyond most running ones. It also refuses a request whose
// header is not small and finds no room. One connection of HTTP/2 has many requests,
// and each has a header of its own, which the server keeps for a client that reads no
// answer.
//
// The refusal has no body: such a client would not read it either, and the server would
// keep the header meanwhile.
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

// headerSize returns about how many bytes of memory the header of r takes.
func headerSize(r *http.Request) (size int64) {
	const (
		paths = 3  // the path is kept as sent, unescaped, and as a key
		entry = 64 // bytes of an entry beside its text
	)
	size = int64(paths * len(r.RequestURI))
	for name, values := range r.Header {
		for _, v := range values {
			size += int64(len(name) + len(v) + entry)
		}
	}
	return size
}
