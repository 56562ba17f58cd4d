package rpc

import (
	"context"
	"time"

	"connectrpc.com/connect"
)

// observer reports each answer.
type observer func(Observation)

func (o observer) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	if o == nil {
		return next
	}
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		start := time.Now()
		resp, err := next(ctx, r)
		o.report(r.Spec(), err, start)
		return resp, err
	}
}

func (o observer) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	if o == nil {
		return next
	}
	return func(ctx context.Context, c connect.StreamingHandlerConn) error {
		start := time.Now()
		err := next(ctx, c)
		o.report(c.Spec(), err, start)
		return err
	}
}

// WrapStreamingClient implements [connect.Interceptor]. A server has no use for it.
func (o observer) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (o observer) report(spec connect.Spec, err error, start time.Time) {
	code := "ok"
	if err != nil {
		code = connect.CodeOf(err).String()
	}
	o(Observation{spec.Procedure, code, time.Since(start)})
}
