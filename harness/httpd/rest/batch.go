package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/service"
)

// batchWrite is one line of a batch: a set, in the form that a scan prints, or a
// delete.
type batchWrite struct {
	Key    []byte  `json:"key"` // base64
	Value  *[]byte `json:"value"`
	Delete bool    `json:"delete"`
}

// batchCopies is how many copies of a batch's text exist at a time, at most: the
// decoder's buffer, twice while it grows, and the batch itself.
const batchCopies = 3

// batch applies all lines as one batch.
func (h *Handler) batch(w http.ResponseWriter, r *http.Request, m *scratch) (int, error) {
	limit := h.Store.Settings().Limits.BodyBytes
	body := m.sent.Body(r.Context(), http.MaxBytesReader(w, r.Body, limit), batchCopies)
	if err := readBatch(body, &m.batch); err != nil {
		return 0, err
	}
	lsn, err := h.write(r, &m.batch)
	if err != nil {
		return 0, err
	}
	w.Header().Set("Content-Type", "application/json")
	setLSN(w.Header(), lsn)
	_, _ = fmt.Fprintf(w, "{\"count\":%d,\"lsn\":%d}\n", m.batch.Len(), lsn)
	return http.StatusOK, nil
}

func readBatch(body io.Reader, b *kv.Batch) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	for n := 1; ; n++ {
		var line batchWrite
		err := d.Decode(&line)
		var tooLong *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &tooLong):
			return tooLong
		case errors.Is(err, service.ErrBusy):
			return err
		case err != nil:
			return service.BadRequestf("write %d of the batch: %v", n, err)
		case line.Key == nil:
			return service.BadRequestf("write %d of the batch has no key", n)
		case line.Delete == (line.Value != nil):
			return service.BadRequestf("write %d of the batch: want either a value or \"delete\": true", n)
		case line.Delete:
			b.Delete(line.Key)
		default:
			b.Set(line.Key, *line.Value)
		}
	}
}
