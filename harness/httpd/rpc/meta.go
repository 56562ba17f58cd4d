package rpc

import (
	"context"
	"fmt"
	"net/http"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"

	"lsmlab/harness/httpd/rpc/kvv1/kvv1connect"
	"lsmlab/harness/httpd/service"
)

// HealthPath is the path prefix of gRPC's health service, which is a probe like
// /readyz.
const HealthPath = "/" + grpchealth.HealthV1ServiceName + "/"

// NewMeta returns a handler of gRPC's health service and of reflection (v1 and
// v1alpha). Tools such as grpcurl find the messages by reflection. It also returns the
// path prefixes that the handler serves.
func NewMeta(store *service.Store) (prefixes []string, h http.Handler) {
	mux := http.NewServeMux()
	reflector := grpcreflect.NewStaticReflector(kvv1connect.KVName, grpchealth.HealthV1ServiceName)
	small := connect.WithReadMaxBytes(service.SmallSize)
	noGzip := connect.WithCompression("gzip", nil, nil)
	add := func(path string, h http.Handler) {
		prefixes = append(prefixes, path)
		mux.Handle(path, h)
	}
	add(grpchealth.NewHandler(health{store}, small, noGzip))
	add(grpcreflect.NewHandlerV1(reflector, small, noGzip))
	add(grpcreflect.NewHandlerV1Alpha(reflector, small, noGzip))
	return prefixes, mux
}

// health says whether clients should send requests to this server.
type health struct{ store *service.Store }

// Check implements [grpchealth.Checker].
func (h health) Check(_ context.Context, r *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	switch {
	case r.Service != "" && r.Service != kvv1connect.KVName:
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("no service %.100q", r.Service))
	case h.store.Ready() != nil:
		return &grpchealth.CheckResponse{Status: grpchealth.StatusNotServing}, nil
	}
	return &grpchealth.CheckResponse{Status: grpchealth.StatusServing}, nil
}
