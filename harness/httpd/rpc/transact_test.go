package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/harness/httpd/rpc/kvv1"
	"lsmlab/harness/httpd/settings"
)

// newTransactor is newClient of a store with the naive engine, which has all levels of
// isolation.
func newTransactor(t *testing.T, s settings.Settings) *client {
	c := newClient(t, s)
	c.store.Attach(kvtest.NewModel())
	return c
}

// txn is a transaction by gRPC.
type txn struct {
	*client
	grpc.ClientStream
}

func (c *client) begin(b *kvv1.BeginStep) *txn {
	c.Helper()
	t := c.transact()
	if _, err := t.do(&kvv1.TransactRequest{Step: &kvv1.TransactRequest_Begin{Begin: b}}); err != nil {
		c.Fatal(err)
	}
	return t
}

func (c *client) transact() *txn {
	c.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c.Cleanup(cancel)
	stream, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/lsmlab.kv.v1.KV/Transact")
	if err != nil {
		c.Fatal(err)
	}
	return &txn{c, stream}
}

func (t *txn) do(r *kvv1.TransactRequest) (*kvv1.TransactResponse, error) {
	if err := t.SendMsg(r); err != nil && !errors.Is(err, io.EOF) { // EOF: the reason is to be received
		return nil, err
	}
	return t.receive()
}

func (t *txn) receive() (*kvv1.TransactResponse, error) {
	var answer kvv1.TransactResponse
	err := t.RecvMsg(&answer)
	return &answer, err
}

// get returns the value, or - for none.
func (t *txn) get(key string) (string, error) {
	a, err := t.do(&kvv1.TransactRequest{Step: &kvv1.TransactRequest_Get{Get: &kvv1.GetRequest{Key: []byte(key)}}})
	if err != nil {
		return "", err
	}
	if a.GetGet().Value == nil {
		return "-", nil
	}
	return string(a.GetGet().Value), nil
}

func (t *txn) set(key, value string) error {
	_, err := t.do(&kvv1.TransactRequest{Step: &kvv1.TransactRequest_Write{Write: &kvv1.Write{Key: []byte(key), Value: []byte(value)}}})
	return err
}

func (t *txn) commit() (lsn uint64, err error) {
	a, err := t.do(&kvv1.TransactRequest{Step: &kvv1.TransactRequest_Commit{Commit: &kvv1.CommitStep{}}})
	if err != nil {
		return 0, err
	}
	if _, end := t.receive(); !errors.Is(end, io.EOF) {
		return 0, fmt.Errorf("after the commit: %w", end)
	}
	return a.GetCommit().Lsn, nil
}

func (t *txn) want(key, want string) {
	t.Helper()
	if got, err := t.get(key); err != nil || got != want {
		t.Errorf("%s: %q, %v, want %q", key, got, err, want)
	}
}

func TestTransact(t *testing.T) {
	c := newTransactor(t, settings.Default())
	c.write("Set", &kvv1.SetRequest{Key: []byte("a"), Value: []byte("1")})
	tx := c.begin(&kvv1.BeginStep{})
	c.write("Set", &kvv1.SetRequest{Key: []byte("a"), Value: []byte("2")})
	tx.want("a", "1")
	tx.want("b", "-")
	if err := errors.Join(tx.set("b", ""), tx.set("c", "3")); err != nil {
		t.Fatal(err)
	}
	tx.want("b", "")
	a, err := tx.do(&kvv1.TransactRequest{Step: &kvv1.TransactRequest_Scan{Scan: &kvv1.ScanRequest{Lower: []byte("b")}}})
	if err != nil || len(a.GetScan().Entries) != 2 || a.GetScan().More {
		t.Errorf("scan: %v, %v", a, err)
	}
	if _, err := tx.do(&kvv1.TransactRequest{Step: &kvv1.TransactRequest_Write{Write: &kvv1.Write{Key: []byte("b")}}}); err != nil {
		t.Error(err)
	}
	if keys, _ := c.scan(&kvv1.ScanRequest{}); keys != "a=2 " {
		t.Errorf("before the commit others see %s", keys)
	}
	if lsn, err := tx.commit(); err != nil || lsn < 4 { // an engine may keep each key's last write alone
		t.Errorf("commit: LSN %d, %v", lsn, err)
	}
	if keys, _ := c.scan(&kvv1.ScanRequest{}); keys != "a=2 c=3 " {
		t.Errorf("after the commit others see %s", keys)
	}
}

// TestTransactConflict: what was applied meanwhile conflicts, by its level.
func TestTransactConflict(t *testing.T) {
	c := newTransactor(t, settings.Default())
	for level, want := range map[kvv1.Isolation]codes.Code{
		kvv1.Isolation_ISOLATION_UNSPECIFIED:    codes.Aborted,
		kvv1.Isolation_ISOLATION_SNAPSHOT:       codes.Aborted,
		kvv1.Isolation_ISOLATION_SERIALIZABLE:   codes.Aborted,
		kvv1.Isolation_ISOLATION_READ_COMMITTED: codes.OK,
	} {
		tx := c.begin(&kvv1.BeginStep{Isolation: level})
		_, err := tx.get("a")
		c.write("Set", &kvv1.SetRequest{Key: []byte("a"), Value: []byte("other")})
		if err == nil {
			err = tx.set("a", "mine")
		}
		if err == nil {
			_, err = tx.commit()
		}
		if status.Code(err) != want || want == codes.Aborted && !strings.Contains(err.Error(), "conflict") {
			t.Errorf("%v: %v, want %v", level, err, want)
		}
	}
}

func TestTransactRefused(t *testing.T) {
	s := settings.Default()
	s.Limits.Transactions = 2
	c := newTransactor(t, s)
	begin := func(b *kvv1.BeginStep) *kvv1.TransactRequest {
		return &kvv1.TransactRequest{Step: &kvv1.TransactRequest_Begin{Begin: b}}
	}
	set := &kvv1.TransactRequest{Step: &kvv1.TransactRequest_Write{Write: &kvv1.Write{Key: []byte("k"), Value: []byte("v")}}}
	for _, tc := range []struct {
		steps []*kvv1.TransactRequest
		code  codes.Code
		text  string
	}{
		{[]*kvv1.TransactRequest{set}, codes.InvalidArgument, "must be begin"},
		{[]*kvv1.TransactRequest{{}}, codes.InvalidArgument, "must be begin"},
		{[]*kvv1.TransactRequest{begin(&kvv1.BeginStep{Isolation: 9})}, codes.InvalidArgument, "isolation 9"},
		{[]*kvv1.TransactRequest{begin(nil), begin(nil)}, codes.InvalidArgument, "another stream"},
		{[]*kvv1.TransactRequest{begin(nil), {}}, codes.InvalidArgument, "must have a step"},
		{[]*kvv1.TransactRequest{begin(&kvv1.BeginStep{ReadOnly: true}), set}, codes.InvalidArgument, "unsupported"},
		{[]*kvv1.TransactRequest{begin(nil), set, {Step: &kvv1.TransactRequest_Commit{Commit: &kvv1.CommitStep{Durability: 9}}}}, codes.InvalidArgument, "durability 9"},
		{[]*kvv1.TransactRequest{begin(nil), {Step: &kvv1.TransactRequest_Scan{Scan: &kvv1.ScanRequest{Limit: 1e8}}}}, codes.InvalidArgument, "limit is"},
	} {
		tx := c.transact()
		var err error
		for _, step := range tc.steps {
			_, err = tx.do(step)
		}
		if status.Code(err) != tc.code || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%v: %v, want %v with %q", tc.steps, err, tc.code, tc.text)
		}
	}
	if keys, _ := c.scan(&kvv1.ScanRequest{}); keys != "" {
		t.Errorf("refused transactions wrote %s", keys)
	}
	c.begin(&kvv1.BeginStep{})
	last := c.begin(&kvv1.BeginStep{})
	third := c.transact()
	if _, err := third.do(begin(nil)); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "limits.transactions") {
		t.Errorf("a third transaction: %v", err)
	}
	if _, err := last.commit(); err != nil {
		t.Error(err)
	}
	c.begin(&kvv1.BeginStep{})

	without := newClient(t, settings.Default())
	without.store.Attach(struct{ kv.Engine }{kvtest.NewModel()})
	if _, err := without.transact().do(begin(nil)); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "transactions") {
		t.Errorf("an engine without transactions: %v", err)
	}
}

// TestTransactAbandoned: whoever goes away, closes his side or says nothing more leaves
// no transaction behind, and learns that nothing was applied.
func TestTransactAbandoned(t *testing.T) {
	s := settings.Default()
	s.Limits.TransactionTime.Duration = 300 * time.Millisecond
	c := newTransactor(t, s)
	silent, closed, gone := c.begin(&kvv1.BeginStep{}), c.begin(&kvv1.BeginStep{}), c.begin(&kvv1.BeginStep{})
	for _, tx := range []*txn{silent, closed, gone} {
		if err := tx.set("k", "v"); err != nil {
			t.Fatal(err)
		}
	}
	if err := closed.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := closed.receive(); !errors.Is(err, io.EOF) {
		t.Errorf("after the close: %v", err)
	}
	if _, err := silent.receive(); status.Code(err) != codes.Aborted || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after the time: %v", err)
	}
	for c.store.Transactions() > 0 { // gone's deadline was that of silent
		time.Sleep(time.Millisecond)
	}
	if keys, _ := c.scan(&kvv1.ScanRequest{}); keys != "" {
		t.Errorf("abandoned transactions wrote %s", keys)
	}
}

// TestTransactCounters: clients that add one to a counter each, and try again at a
// conflict, beside updates of the store's own, lose none.
func TestTransactCounters(t *testing.T) {
	c := newTransactor(t, settings.Default())
	const clients, each = 4, 25
	add := func(value string) string {
		var n int
		_, _ = fmt.Sscan(value, &n)
		return fmt.Sprint(n + 1)
	}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for done := 0; done < each; {
				tx := c.begin(&kvv1.BeginStep{})
				value, err := tx.get("n")
				if err == nil {
					err = tx.set("n", add(value))
				}
				if err == nil {
					_, err = tx.commit()
				}
				switch status.Code(err) {
				case codes.OK:
					done++
				case codes.Aborted:
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	for range each {
		var b kv.Batch
		_, err := c.store.Update(t.Context(), [][]byte{[]byte("n")}, &b, kv.Volatile, func() error {
			value, _, err := c.store.Get(t.Context(), nil, []byte("n"))
			b.Set([]byte("n"), []byte(add(string(value))))
			if errors.Is(err, kv.ErrNotFound) {
				return nil
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	tx := c.begin(&kvv1.BeginStep{ReadOnly: true})
	tx.want("n", fmt.Sprint((clients+1)*each))
}
