package rest

import (
	"io"
	"net/http"
	"net/url"

	"lsmlab/harness/httpd/service"
)

// plainSet serves /set?key=&value=, for people with a browser and for load tools that
// can only call a URL.
func (h *Handler) plainSet(w http.ResponseWriter, r *http.Request, m *scratch) (int, error) {
	q, err := plainQuery(r, "key", "value")
	if err != nil {
		return 0, err
	}
	m.batch.Set([]byte(q.Get("key")), []byte(q.Get("value")))
	lsn, err := h.write(r, &m.batch)
	if err != nil {
		return 0, err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	setLSN(w.Header(), lsn)
	_, _ = io.WriteString(w, "OK\n")
	return http.StatusOK, nil
}

// plainGet serves /get?key=.
func (h *Handler) plainGet(w http.ResponseWriter, r *http.Request, m *scratch) (int, error) {
	q, err := plainQuery(r, "key")
	if err != nil {
		return 0, err
	}
	return h.sendValue(w, r, []byte(q.Get("key")), m)
}

// plainQuery parses a query, which must have exactly the given parameters.
func plainQuery(r *http.Request, names ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, service.BadRequestf("query: %v", err)
	}
	for _, name := range names {
		if !q.Has(name) {
			return nil, service.BadRequestf("query: no %s; want %s?key=... with it", name, r.URL.Path)
		}
	}
	return q, nil
}
