package httpd

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"lsmlab/harness/httpd/rest"
	"lsmlab/harness/httpd/rpc"
	"lsmlab/harness/httpd/service"
)

// authorized lets through requests that have the bearer token, and probes.
func authorized(token string, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		right := ok && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
		if !right && !probe(r.URL.Path) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="lsmlab"`)
			rest.WriteProblem(w, r, service.Problem{
				Status: http.StatusUnauthorized, Kind: "unauthorized", Detail: "want the header Authorization: Bearer TOKEN",
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// probe says whether a path is that of a probe.
func probe(path string) bool {
	return path == healthPath || path == readyPath || strings.HasPrefix(path, rpc.HealthPath)
}
