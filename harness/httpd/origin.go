package httpd

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"lsmlab/harness/httpd/rest"
	"lsmlab/harness/httpd/service"
)

// ownPages refuses requests that pages of other sites make. A browser lets such a page
// send requests to this machine.
//
//  1. The Host header must be an address in digits, localhost, or an allowed name. A
//     site whose own name points to this machine (DNS rebinding) is recognised by that
//     name.
//  2. A request that a browser makes for a page of another origin is refused, whatever
//     its method. It is recognised by Sec-Fetch-Site and Origin, which pages cannot
//     forge and other clients do not send.
func ownPages(allowed []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var why string
		switch {
		case !hostAllowed(r.Host, allowed):
			why = fmt.Sprintf("the name %q is not one of this server: see --allowed-hosts", r.Host)
		case foreign(r, allowed):
			why = fmt.Sprintf("a page of another origin, %q, may not use this server", r.Header.Get("Origin"))
		default:
			next.ServeHTTP(w, r)
			return
		}
		rest.WriteProblem(w, r, service.Problem{Status: http.StatusForbidden, Kind: "forbidden", Detail: why})
	})
}

// hostAllowed judges a Host header, as "name:port" or "name". A client without one, of
// HTTP/1.0, is not a browser.
func hostAllowed(host string, allowed []string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "" || name == "localhost" || slices.Contains(allowed, "*") {
		return true
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return true
	}
	return slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, name) })
}

// foreign says whether a browser sent r for a page of another origin.
func foreign(r *http.Request, allowed []string) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none": // "none" says that a person typed the address
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Header.Get("Sec-Fetch-Site") != "" && r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" { // Origin is "null" for a sandboxed page
		return true
	}
	return u.Host != r.Host && !slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, u.Hostname()) })
}
