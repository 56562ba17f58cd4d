// Package rpc is the gRPC front of a store. The same handler also speaks gRPC-Web and
// Connect. All of them use the port of HTTP; gRPC uses HTTP/2, with or without TLS. The
// messages are in kvv1/kv.proto, from which `make proto` generates the code.
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
	Code      string // of gRPC, including "ok"
	Took      time.Duration
}

// How many copies of a large value or request exist at a time. A value: as the engine
// returns it, and encoded, twice while the encoding grows. A request: as sent, as a
// message, and as a batch.
const (
	answerCopies  = 3
	requestCopies = 3
)

// New returns the path prefix to serve and its handler. observe, if not nil, is called
// with every answer.
//
// Messages are not compressed: a few compressed bytes could become as much memory as a
// request may have.
func New(store *service.Store, observe func(Observation)) (string, http.Handler) {
	limit := int(store.Settings().Limits.BodyBytes)
	path, calls := kvv1connect.NewKVHandler(server{store},
		connect.WithReadMaxBytes(limit), connect.WithInterceptors(observer(observe)), connect.WithCompression("gzip", nil, nil))
	return path, held(store, calls)
}

// held makes each call hold the memory of its request and of its answer until the
// client has read the answer.
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

// messageSize is about how many bytes a message in a list takes beside its content. A
// write of two bytes on the wire takes sixty times that.
const messageSize = 128

// requestCost returns a function that says how much memory the bytes of a request will
// take. In requests of Apply, each write begins with a known byte, so the number of
// these bytes is a bound of the number of writes. Where keys and values contain this
// byte, the request counts for somewhat more than it takes.
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

// codedBody turns the error that there is no room for the request into a code of gRPC.
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

// coded gives err the code of gRPC that corresponds to its HTTP status.
func coded(err error) error {
	var already *connect.Error
	if errors.As(err, &already) { // the error of a stream that broke
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
