package served

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"lsmlab/workloads"
)

// Client makes requests for keys of a store by their index, as one client with a number of
// connections that stay open. It is safe for concurrent use.
type Client struct {
	base      string
	keys      workloads.Keys
	valueSize int // bytes
	http      http.Client
}

// requestLimit is how long a request may take before it counts as failed.
const requestLimit = 30 * time.Second

// NewClient returns a client of the server at a URL. The caller closes it.
func NewClient(base string, keySize, valueSize, connections int) *Client {
	return &Client{
		base: base, keys: workloads.Keys{Style: workloads.DBBench, Size: keySize}, valueSize: valueSize,
		http: http.Client{Timeout: requestLimit, Transport: &http.Transport{MaxIdleConnsPerHost: connections}},
	}
}

// Close closes the connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Answer is what a request met.
type Answer struct {
	Status     int
	RetryAfter string
	Body       []byte
}

// Put writes the value of a key.
func (c *Client) Put(ctx context.Context, i uint64) (Answer, error) {
	return c.do(ctx, http.MethodPut, i, c.value(i))
}

// Get reads the value of a key.
func (c *Client) Get(ctx context.Context, i uint64) (Answer, error) {
	return c.do(ctx, http.MethodGet, i, nil)
}

func (c *Client) do(ctx context.Context, method string, i uint64, body []byte) (a Answer, err error) {
	key := url.PathEscape(string(c.keys.Append(nil, i)))
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/kv/"+key, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return a, err
	}
	defer func() { _ = answer.Body.Close() }() // it is read
	a.Status, a.RetryAfter = answer.StatusCode, answer.Header.Get("Retry-After")
	a.Body, err = io.ReadAll(answer.Body)
	return a, err
}

const batchSize = 1000 // entries of a request that fills

// Fill writes the first n keys, in batches.
func (c *Client) Fill(ctx context.Context, n int64) error {
	for first := int64(0); first < n; first += batchSize {
		var body bytes.Buffer
		lines := json.NewEncoder(&body)
		for i := first; i < min(first+batchSize, n); i++ {
			if err := lines.Encode(map[string][]byte{"key": c.keys.Append(nil, uint64(i)), "value": c.value(uint64(i))}); err != nil {
				return err
			}
		}
		if err := Post(ctx, c.base+"/batch", &body); err != nil {
			return fmt.Errorf("fill the store: %w", err)
		}
	}
	return nil
}

func (c *Client) value(i uint64) []byte { return workloads.AppendValue(nil, i, 1, c.valueSize, 0) }

// Expect makes an error of an answer with another status.
func Expect(status int) func(Answer, error) error {
	return func(a Answer, err error) error {
		if err == nil && a.Status != status {
			err = fmt.Errorf("status %d, want %d: %s", a.Status, status, a.Body)
		}
		return err
	}
}
