package rest

import (
	"bufio"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"lsmlab/harness/httpd/service"
)

// scanPart is how many bytes of a scan are sent together.
const scanPart = 32 << 10

// scan streams entries as lines {"key":BASE64,"value":BASE64}.
func (h *Handler) scan(w http.ResponseWriter, r *http.Request, _ *scratch) (int, error) {
	lower, upper, limit, err := h.scanRange(r.URL.RawQuery)
	if err != nil {
		return 0, err
	}
	parts := &partWriter{ResponseWriter: w, control: http.NewResponseController(w), stall: h.StallTimeout}
	out := bufio.NewWriterSize(parts, scanPart)
	err = h.Store.Scan(r.Context(), lower, upper, limit, func(key, value []byte) error {
		return writeEntry(out, key, value)
	})
	switch {
	case err != nil && !parts.begun:
		return 0, err
	case err == nil:
		w.Header()["Content-Type"] = ndjson // an empty answer has the header too
		err = out.Flush()
	}
	if err != nil {
		return 0, &cutError{err, parts.failed || r.Context().Err() != nil}
	}
	return http.StatusOK, nil
}

// cutError is the error of an answer that ended after its first bytes.
type cutError struct {
	error
	byClient bool // the client left, or did not read
}

// statusClientGone is the status, in observations, of an answer that the client did not
// read. Other HTTP servers use it in the same way.
const statusClientGone = 499

func (e *cutError) Unwrap() error { return e.error }

func (e *cutError) status() int {
	if e.byClient {
		return statusClientGone
	}
	return http.StatusInternalServerError
}

// writeEntry writes the line of an entry in pieces. So there is no second copy of a
// large value, however slow the client is.
func writeEntry(out *bufio.Writer, key, value []byte) error {
	_, _ = out.WriteString(`{"key":"`)
	encode(out, key)
	_, _ = out.WriteString(`","value":"`)
	encode(out, value)
	_, err := out.WriteString("\"}\n") // reports an error of any write before
	return err
}

// encode writes the base64 of b into the writer's own memory. A piece is a multiple of
// 3 bytes, so that only the last one is padded.
func encode(out *bufio.Writer, b []byte) {
	const piece = 3 << 10
	for len(b) > 0 {
		n := min(len(b), piece)
		if out.Available() < base64.StdEncoding.EncodedLen(n) && out.Flush() != nil {
			return
		}
		_, _ = out.Write(base64.StdEncoding.AppendEncode(out.AvailableBuffer(), b[:n]))
		b = b[n:]
	}
}

// partWriter gives the client a new deadline for each part. A scan may take long, but
// not because its reader sleeps.
type partWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	begun   bool
	failed  bool // the client does not read
}

var ndjson = []string{"application/x-ndjson"}

func (p *partWriter) Write(b []byte) (int, error) {
	if !p.begun {
		p.begun = true
		p.Header()["Content-Type"] = ndjson
	}
	if p.stall > 0 {
		if err := p.control.SetWriteDeadline(time.Now().Add(p.stall)); err != nil {
			return 0, err
		}
	}
	n, err := p.ResponseWriter.Write(b)
	p.failed = err != nil
	return n, err
}

// scanRange parses lower, upper and limit. A bound that is given but empty is the empty
// key. A bound that is missing means unbounded.
func (h *Handler) scanRange(query string) (lower, upper []byte, limit int, err error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, 0, service.BadRequestf("query: %v", err)
	}
	bound := func(name string) []byte {
		if !q.Has(name) {
			return nil
		}
		return append([]byte{}, q.Get(name)...)
	}
	most := h.Store.Settings().Limits.ScanEntries
	limit = most
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > most {
			return nil, nil, 0, service.BadRequestf("limit is %q: want a number from 1 to %d", text, most)
		}
	}
	return bound("lower"), bound("upper"), limit, nil
}
