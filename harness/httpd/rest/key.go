package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/service"
)

// pathKey returns the key of /kv/{key}. The path was unescaped before.
func pathKey(r *http.Request) []byte { return []byte(r.URL.Path[len(keyPath):]) }

func (h *Handler) get(w http.ResponseWriter, r *http.Request, m *scratch) (int, error) {
	return h.sendValue(w, r, pathKey(r), m)
}

// sendValue answers with the raw value of key.
func (h *Handler) sendValue(w http.ResponseWriter, r *http.Request, key []byte, m *scratch) (int, error) {
	value, lsn, err := h.Store.Read(r.Context(), &m.hold, 1, m.value[:0], key)
	m.value = value
	if err != nil {
		return 0, err
	}
	header := w.Header()
	header["Content-Type"] = octets
	header["Content-Length"] = []string{strconv.Itoa(len(value))}
	setLSN(header, lsn)
	_, _ = w.Write(value) // a client that left is not an error of the server
	return http.StatusOK, nil
}

var octets = []string{"application/octet-stream"}

func setLSN(header http.Header, lsn uint64) {
	if lsn != 0 {
		header[lsnHeader] = []string{strconv.FormatUint(lsn, 10)}
	}
}

func (h *Handler) put(w http.ResponseWriter, r *http.Request, m *scratch) (int, error) {
	value, err := h.readBody(w, r, m)
	if err != nil {
		return 0, err
	}
	m.batch.Set(pathKey(r), value)
	return h.apply(w, r, m)
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request, m *scratch) (int, error) {
	m.batch.Delete(pathKey(r))
	return h.apply(w, r, m)
}

// apply writes the batch and answers without a body.
func (h *Handler) apply(w http.ResponseWriter, r *http.Request, m *scratch) (int, error) {
	lsn, err := h.write(r, &m.batch)
	if err != nil {
		return 0, err
	}
	setLSN(w.Header(), lsn)
	w.WriteHeader(http.StatusNoContent)
	return http.StatusNoContent, nil
}

// write applies b at the durability level for which the request asks.
func (h *Handler) write(r *http.Request, b *kv.Batch) (lsn uint64, err error) {
	d := h.Store.Settings().Durability
	if name := r.Header.Get(durabilityHeader); name != "" {
		if d, err = kv.ParseDurability(name); err != nil {
			return 0, service.BadRequestf("header %s: %v", durabilityHeader, err)
		}
	}
	return h.Store.Apply(r.Context(), b, d)
}

// bodyCopies is how many copies of a body exist at a time: what was read, and the
// batch.
const bodyCopies = 2

// readBody returns the body, in the memory of m.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, m *scratch) ([]byte, error) {
	limit := h.Store.Settings().Limits.BodyBytes
	if r.ContentLength > limit { // before the client has sent all of it
		return nil, &http.MaxBytesError{Limit: limit}
	}
	body := m.sent.Body(r.Context(), http.MaxBytesReader(w, r.Body, limit), bodyCopies)
	if n := r.ContentLength; n >= 0 {
		if err := m.sent.Grow(r.Context(), bodyCopies*n); err != nil {
			return nil, err
		}
		m.value = append(m.value[:0], make([]byte, n)...)
		_, err := io.ReadFull(body, m.value)
		return m.value, bodyError(err)
	}
	buf := bytes.NewBuffer(m.value[:0])
	_, err := buf.ReadFrom(body)
	m.value = buf.Bytes()
	return m.value, bodyError(err)
}

// bodyError turns the error of a body that did not arrive whole into an error of the
// client. It leaves errors that say that the server has no room.
func bodyError(err error) error {
	if _, ok := err.(*http.MaxBytesError); err == nil || ok || errors.Is(err, service.ErrBusy) {
		return err
	}
	return service.BadRequestf("read the body: %v", err)
}
