// Package rpc is the gRPC front of a store. The same handler also speaks
// gRPC-Web and Connect; all come over the port of HTTP, gRPC by HTTP/2 without
// TLS or with it. The messages are in kvv1/kv.proto, from which `make proto`
// generates the code.
package rpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/rpc/kvv1"
	"lsmlab/harness/httpd/rpc/kvv1/kvv1connect"
	"lsmlab/harness/httpd/service"
)

// Observation is one answer.
type Observation struct {
	Procedure string
	Code      string // of gRPC, "ok" included
	Took      time.Duration
}

// How many times the memory of a large value or request is there at once: as the
// engine gives it, and encoded, twice while that grows; as sent, as a message, and
// as a batch.
const (
	answerCopies  = 3
	requestCopies = 3
)

// New returns the path prefix to serve and its handler. Observe, if given, is
// told about every answer.
//
// Messages are not compressed: a few bytes could become as much memory as a request
// may have.
func New(store *service.Store, observe func(Observation)) (string, http.Handler) {
	limit := int(store.Settings().Limits.BodyBytes)
	path, calls := kvv1connect.NewKVHandler(server{store},
		connect.WithReadMaxBytes(limit), connect.WithInterceptors(observer(observe)), connect.WithCompression("gzip", nil, nil))
	return path, held(store, calls)
}

// held makes calls hold the memory of their request and of their answer until the
// client has taken it.
func held(store *service.Store, calls http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, answer := store.HoldRequest(), store.HoldAnswer()
		defer request.Release()
		defer answer.Release()
		ctx := context.WithValue(r.Context(), callKey{}, &call{&answer, http.NewResponseController(w)})
		r = r.WithContext(ctx)
		r.Body = &codedBody{request.BodyOf(ctx, r.Body, requestCost(r))}
		calls.ServeHTTP(w, r)
	})
}

// messageSize is about what a message in a list takes beside its bytes: a write of
// two bytes on the wire takes sixty times that.
const messageSize = 128

// requestCost returns what the bytes of a request will take. In those of Apply each
// write begins with a known byte, so that counting these bytes bounds the writes;
// elsewhere in keys and values they make the request count for somewhat more than it
// takes.
func requestCost(r *http.Request) func(read []byte) int64 {
	var begins [][]byte
	if r.URL.Path == kvv1connect.KVApplyProcedure {
		const tag = 1<<3 | 2 // field 1, which has a length
		begins = [][]byte{{tag}, {tag | 0x80}}
		if strings.Contains(r.Header.Get("Content-Type"), "json") {
			begins = [][]byte{{'{'}}
		}
	}
	return func(read []byte) int64 {
		cost := requestCopies * len(read)
		for _, begin := range begins {
			cost += messageSize * bytes.Count(read, begin)
		}
		return int64(cost)
	}
}

// call is what a handler knows of its call beside the messages.
type call struct {
	answer  *service.Hold
	control *http.ResponseController
}

// callKey is the key of a context's call.
type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// codedBody says by the code of gRPC that there is no room for the request.
type codedBody struct{ io.ReadCloser }

func (b *codedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, service.ErrBusy) {
		err = coded(err)
	}
	return n, err
}

type server struct{ store *service.Store }

func (s server) Get(ctx context.Context, r *connect.Request[kvv1.GetRequest]) (*connect.Response[kvv1.GetResponse], error) {
	value, lsn, err := s.store.Read(ctx, callOf(ctx).answer, answerCopies, nil, r.Msg.Key)
	if err != nil {
		return nil, coded(err)
	}
	return connect.NewResponse(&kvv1.GetResponse{Value: value, Lsn: lsn}), nil
}

func (s server) Set(ctx context.Context, r *connect.Request[kvv1.SetRequest]) (*connect.Response[kvv1.WriteResponse], error) {
	var b kv.Batch
	b.Set(r.Msg.Key, r.Msg.Value)
	return s.apply(ctx, &b, r.Msg.Durability)
}

func (s server) Delete(ctx context.Context, r *connect.Request[kvv1.DeleteRequest]) (*connect.Response[kvv1.WriteResponse], error) {
	var b kv.Batch
	b.Delete(r.Msg.Key)
	return s.apply(ctx, &b, r.Msg.Durability)
}

func (s server) Apply(ctx context.Context, r *connect.Request[kvv1.ApplyRequest]) (*connect.Response[kvv1.WriteResponse], error) {
	var b kv.Batch
	for _, w := range r.Msg.Writes {
		if w.Value == nil {
			b.Delete(w.Key)
		} else {
			b.Set(w.Key, w.Value)
		}
	}
	return s.apply(ctx, &b, r.Msg.Durability)
}

func (s server) apply(ctx context.Context, b *kv.Batch, asked kvv1.Durability) (*connect.Response[kvv1.WriteResponse], error) {
	d, err := s.durability(asked)
	if err != nil {
		return nil, coded(err)
	}
	lsn, err := s.store.Apply(ctx, b, d)
	if err != nil {
		return nil, coded(err)
	}
	return connect.NewResponse(&kvv1.WriteResponse{Lsn: lsn}), nil
}

func (s server) durability(asked kvv1.Durability) (kv.Durability, error) {
	switch asked {
	case kvv1.Durability_DURABILITY_UNSPECIFIED:
		return s.store.Settings().Durability, nil
	case kvv1.Durability_DURABILITY_VOLATILE:
		return kv.Volatile, nil
	case kvv1.Durability_DURABILITY_BUFFERED:
		return kv.Buffered, nil
	case kvv1.Durability_DURABILITY_SYNCED:
		return kv.Synced, nil
	}
	return 0, service.BadRequestf("durability %d is none: want 0 to 3", asked)
}

// coded gives err the code of gRPC that fits its HTTP status.
func coded(err error) error {
	var already *connect.Error
	if errors.As(err, &already) { // of a stream that broke
		return already
	}
	p := service.Classify(err)
	code := connect.CodeInternal
	switch p.Status {
	case http.StatusNotFound:
		code = connect.CodeNotFound
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		code = connect.CodeInvalidArgument
	case http.StatusConflict:
		code = connect.CodeAborted
	case http.StatusTooManyRequests:
		code = connect.CodeResourceExhausted
	case http.StatusServiceUnavailable:
		code = connect.CodeUnavailable
	}
	return connect.NewError(code, fmt.Errorf("%s: %s", p.Kind, p.Detail))
}
