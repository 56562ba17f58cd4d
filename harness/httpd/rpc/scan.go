package rpc

import (
	"context"

	"connectrpc.com/connect"

	"lsmlab/harness/httpd/rpc/kvv1"
	"lsmlab/harness/httpd/service"
)

// Scan implements the call.
func (s server) Scan(ctx context.Context, r *connect.Request[kvv1.ScanRequest], out *connect.ServerStream[kvv1.ScanResponse]) error {
	send := func(entries []*kvv1.Entry, more bool) error {
		if len(entries) == 0 && !more {
			return nil
		}
		return out.Send(&kvv1.ScanResponse{Entries: entries})
	}
	if err := s.sendScan(ctx, s.store.Scan, r.Msg, send); err != nil {
		return coded(err)
	}
	return nil
}

// scanner is the Scan of a store or of a transaction.
type scanner func(ctx context.Context, lower, upper []byte, limit int, visit func(key, value []byte) error) error

// scanPart is about how many bytes of entries one message of a scan has.
const scanPart = 32 << 10

// sendScan sends what scan finds in parts, the last of which has no more after it and
// may be empty. The answer's hold is that of the largest part.
func (s server) sendScan(ctx context.Context, scan scanner, r *kvv1.ScanRequest, send func(entries []*kvv1.Entry, more bool) error) error {
	limit, most := int(r.Limit), s.store.Settings().Limits.ScanEntries
	switch {
	case limit > most:
		return service.BadRequestf("limit is %d: want at most %d", limit, most)
	case limit == 0:
		limit = most
	}
	var part []*kvv1.Entry
	size, hold := 0, callOf(ctx).answer
	err := scan(ctx, r.Lower, r.Upper, limit, func(key, value []byte) error {
		if err := hold.Grow(ctx, int64(answerCopies*(size+len(key)+len(value)))); err != nil {
			return err
		}
		part = append(part, &kvv1.Entry{Key: append([]byte{}, key...), Value: append([]byte{}, value...)})
		if size += len(key) + len(value) + messageSize; size < scanPart {
			return nil
		}
		err := send(part, true)
		part, size = nil, 0
		return err
	})
	if err != nil {
		return err
	}
	return send(part, false)
}
