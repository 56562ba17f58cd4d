package rest

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"

	"lsmlab/harness/httpd/service"
)

// problem is the body of an error, RFC 9457.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// WriteProblem answers with a problem and returns its status.
func WriteProblem(w http.ResponseWriter, r *http.Request, p service.Problem) int {
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Del("Content-Length")
	if p.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	w.WriteHeader(p.Status)
	body, err := json.Marshal(problem{"urn:lsmlab:" + p.Kind, http.StatusText(p.Status), p.Status, p.Detail})
	if err == nil && r.Method != http.MethodHead {
		_, _ = w.Write(append(body, '\n'))
	}
	return p.Status
}
