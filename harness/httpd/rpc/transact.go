package rpc

import (
	"context"
	"errors"
	"io"
	"time"

	"connectrpc.com/connect"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/rpc/kvv1"
	"lsmlab/harness/httpd/service"
)

type transactStream = connect.BidiStream[kvv1.TransactRequest, kvv1.TransactResponse]

// Transact implements the call. The deadline of the transaction is that of the stream:
// a client that has gone silent, or takes no answers, is cut off then.
func (s server) Transact(ctx context.Context, stream *transactStream) error {
	first, err := stream.Receive()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return coded(err)
	case first.GetBegin() == nil:
		return coded(service.BadRequestf("the first request of a transaction must be begin"))
	}
	t, err := s.begin(first.GetBegin())
	if err != nil {
		return coded(err)
	}
	defer t.End()
	// The client has a moment more to take the answer that its time is over.
	control := callOf(ctx).control
	err = errors.Join(control.SetReadDeadline(t.Deadline()), control.SetWriteDeadline(t.Deadline().Add(farewell)))
	if err == nil {
		err = transaction{s, t, stream}.run(ctx)
	}
	if err != nil && time.Now().After(t.Deadline()) {
		err = service.ErrTxnExpired
	}
	if err != nil {
		return coded(err)
	}
	return nil
}

const farewell = time.Second

func (s server) begin(b *kvv1.BeginStep) (*service.Txn, error) {
	o := kv.TxnOptions{ReadOnly: b.ReadOnly}
	switch b.Isolation {
	case kvv1.Isolation_ISOLATION_UNSPECIFIED, kvv1.Isolation_ISOLATION_SNAPSHOT:
		o.Isolation = kv.SnapshotIsolation
	case kvv1.Isolation_ISOLATION_READ_COMMITTED:
		o.Isolation = kv.ReadCommitted
	case kvv1.Isolation_ISOLATION_SERIALIZABLE:
		o.Isolation = kv.Serializable
	default:
		return nil, service.BadRequestf("isolation %d is none: want 0 to 3", b.Isolation)
	}
	return s.store.Begin(o)
}

// transaction is one under way.
type transaction struct {
	server
	txn    *service.Txn
	stream *transactStream
}

// run does the steps until a commit, an error or the end of the stream.
func (t transaction) run(ctx context.Context) error {
	err := t.stream.Send(&kvv1.TransactResponse{Result: &kvv1.TransactResponse_Begin{Begin: &kvv1.BeginResult{Lsn: t.txn.ReadLSN()}}})
	for err == nil {
		var r *kvv1.TransactRequest
		if r, err = t.stream.Receive(); err != nil {
			break
		}
		if c := r.GetCommit(); c != nil {
			return t.commit(c)
		}
		err = t.step(ctx, r)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (t transaction) step(ctx context.Context, r *kvv1.TransactRequest) error {
	switch step := r.Step.(type) {
	case *kvv1.TransactRequest_Get:
		return t.get(ctx, step.Get.Key)
	case *kvv1.TransactRequest_Scan:
		return t.sendScan(ctx, t.txn.Scan, step.Scan, func(entries []*kvv1.Entry, more bool) error {
			return t.stream.Send(&kvv1.TransactResponse{Result: &kvv1.TransactResponse_Scan{Scan: &kvv1.ScanResult{Entries: entries, More: more}}})
		})
	case *kvv1.TransactRequest_Write:
		return t.write(step.Write)
	case *kvv1.TransactRequest_Begin:
		return service.BadRequestf("the transaction has begun; another is another stream")
	}
	return service.BadRequestf("a request of a transaction must have a step: get, write, scan or commit")
}

func (t transaction) get(ctx context.Context, key []byte) error {
	value, err := t.txn.Get(ctx, callOf(ctx).answer, answerCopies, []byte{}, key)
	if errors.Is(err, kv.ErrNotFound) {
		value, err = nil, nil
	}
	if err != nil {
		return err
	}
	return t.stream.Send(&kvv1.TransactResponse{Result: &kvv1.TransactResponse_Get{Get: &kvv1.GetResult{Value: value}}})
}

func (t transaction) write(w *kvv1.Write) (err error) {
	if w.Value == nil {
		err = t.txn.Delete(w.Key)
	} else {
		err = t.txn.Set(w.Key, w.Value)
	}
	if err != nil {
		return err
	}
	return t.stream.Send(&kvv1.TransactResponse{Result: &kvv1.TransactResponse_Write{Write: &kvv1.WriteResult{}}})
}

func (t transaction) commit(c *kvv1.CommitStep) error {
	d, err := t.durability(c.Durability)
	if err != nil {
		return err
	}
	lsn, err := t.txn.Commit(d)
	if err != nil {
		return err
	}
	return t.stream.Send(&kvv1.TransactResponse{Result: &kvv1.TransactResponse_Commit{Commit: &kvv1.WriteResponse{Lsn: lsn}}})
}
