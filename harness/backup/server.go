package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Checkpoint is the answer of a server that was asked for a copy of its store.
type Checkpoint struct {
	Dir     string  `json:"dir"`    // of the copy, absolute, on the machine of the server
	Engine  string  `json:"engine"` // that opens it
	Seconds float64 `json:"seconds"`
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// ask asks a server for a copy of its store, at its admin address, an http URL. The
// server chooses the name if name is "".
func ask(ctx context.Context, admin, name string) (c Checkpoint, err error) {
	u, err := url.Parse(admin)
	if err != nil || u.Host == "" {
		return c, fmt.Errorf("%q is no address of a server: want the admin address as http://127.0.0.1:8081", admin)
	}
	u = u.JoinPath("checkpoint")
	if name != "" {
		u.RawQuery = url.Values{"name": {name}}.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), nil)
	if err != nil {
		return c, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case err != nil:
		return c, err
	case answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusMethodNotAllowed:
		return c, fmt.Errorf("%s answers %s: is it the admin address, --admin-addr of lsmlab serve?", u.Redacted(), answer.Status)
	case answer.StatusCode != http.StatusCreated:
		return c, fmt.Errorf("the server answers %s: %s", answer.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, fmt.Errorf("the server's answer %.100q: %w", body, err)
	}
	return c, nil
}
