package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/internal/servetest"
	"lsmlab/harness/httpd/rpc/kvv1"
	"lsmlab/harness/httpd/rpc/kvv1/kvv1connect"
	"lsmlab/harness/httpd/service"
	"lsmlab/harness/httpd/settings"
)

// client is Google's gRPC over the generated messages: nothing of the server's
// library is in it.
type client struct {
	*testing.T
	store *service.Store
	conn  *grpc.ClientConn
	url   string

	mu   sync.Mutex
	seen []string // what the server observed; guarded by mu
}

func newClient(t *testing.T, s settings.Settings) *client {
	t.Helper()
	store, _ := servetest.NewStore(t, s)
	c := &client{T: t, store: store}
	mux := http.NewServeMux()
	mux.Handle(New(store, func(o Observation) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen = append(c.seen, o.Procedure[strings.LastIndex(o.Procedure, "/")+1:]+" "+o.Code)
	}))
	server := httptest.NewUnstartedServer(mux)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	conn, err := grpc.NewClient(server.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c.conn, c.url = conn, server.URL
	return c
}

func (c *client) call(method string, in, out proto.Message) error {
	return c.conn.Invoke(context.Background(), "/lsmlab.kv.v1.KV/"+method, in, out)
}

// write calls and returns the LSN.
func (c *client) write(method string, in proto.Message) uint64 {
	c.Helper()
	var out kvv1.WriteResponse
	if err := c.call(method, in, &out); err != nil {
		c.Fatalf("%s: %v", method, err)
	}
	return out.Lsn
}

func (c *client) refused(want codes.Code, text, method string, in proto.Message) {
	c.Helper()
	err := c.call(method, in, &kvv1.WriteResponse{})
	if s := status.Convert(err); s.Code() != want || !strings.Contains(s.Message(), text) {
		c.Errorf("%s: %v, want %v with %q", method, err, want, text)
	}
}

func (c *client) scan(in *kvv1.ScanRequest) (keys string, err error) {
	c.Helper()
	stream, err := c.conn.NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true}, "/lsmlab.kv.v1.KV/Scan")
	if err != nil {
		c.Fatal(err)
	}
	if err := errors.Join(stream.SendMsg(in), stream.CloseSend()); err != nil {
		c.Fatal(err)
	}
	for {
		var part kvv1.ScanResponse
		err := stream.RecvMsg(&part)
		if errors.Is(err, io.EOF) {
			return keys, nil
		}
		if err != nil {
			return keys, err
		}
		for _, e := range part.Entries {
			keys += string(e.Key) + "=" + string(e.Value[:min(len(e.Value), 2)]) + " "
		}
	}
}

func TestOperations(t *testing.T) {
	c := newClient(t, settings.Default())
	key := []byte("a/\x00\xff")
	if lsn := c.write("Set", &kvv1.SetRequest{Key: key, Value: []byte("1"), Durability: kvv1.Durability_DURABILITY_SYNCED}); lsn != 1 {
		t.Errorf("LSN %d", lsn)
	}
	var got kvv1.GetResponse
	if err := c.call("Get", &kvv1.GetRequest{Key: key}, &got); err != nil || string(got.Value) != "1" || got.Lsn != 1 {
		t.Errorf("%v, %v", &got, err)
	}
	batch := &kvv1.ApplyRequest{Writes: []*kvv1.Write{{Key: key}, {Key: []byte("b"), Value: []byte{}}, {Key: []byte("c"), Value: []byte("3")}}}
	if lsn := c.write("Apply", batch); lsn != 4 {
		t.Errorf("LSN %d", lsn)
	}
	c.refused(codes.NotFound, "not-found", "Get", &kvv1.GetRequest{Key: key})
	if keys, err := c.scan(&kvv1.ScanRequest{}); err != nil || keys != "b= c=3 " {
		t.Errorf("%q, %v", keys, err)
	}
	if lsn := c.write("Delete", &kvv1.DeleteRequest{Key: []byte("b"), Durability: kvv1.Durability_DURABILITY_VOLATILE}); lsn != 5 {
		t.Errorf("LSN %d", lsn)
	}
	if keys, err := c.scan(&kvv1.ScanRequest{Upper: []byte{}}); err != nil || keys != "" {
		t.Errorf("below the empty key: %q, %v", keys, err)
	}
	want := "[Set ok Get ok Apply ok Get not_found Scan ok Delete ok Scan ok]"
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := fmt.Sprint(c.seen); got != want {
		t.Errorf("observed %s, want %s", got, want)
	}
}

// TestLongScan: several messages, limits and bounds.
func TestLongScan(t *testing.T) {
	c := newClient(t, settings.Default())
	var all string
	for i := range 100 {
		key := fmt.Sprintf("k%02d", i)
		c.write("Set", &kvv1.SetRequest{Key: []byte(key), Value: make([]byte, 5000)})
		all += key + "=\x00\x00 "
	}
	one := len(all) / 100
	for _, tc := range []struct {
		in       *kvv1.ScanRequest
		from, to int
	}{
		{&kvv1.ScanRequest{}, 0, 100},
		{&kvv1.ScanRequest{Limit: 9}, 0, 9},
		{&kvv1.ScanRequest{Lower: []byte("k10"), Upper: []byte("k70")}, 10, 70},
	} {
		if got, err := c.scan(tc.in); err != nil || got != all[tc.from*one:tc.to*one] {
			t.Errorf("%v: %d entries, %v", tc.in, len(got)/one, err)
		}
	}
}

func TestRefused(t *testing.T) {
	s := settings.Default()
	s.Limits.BodyBytes, s.Limits.ScanEntries = 200_000, 10
	c := newClient(t, s)
	c.refused(codes.InvalidArgument, "too-large", "Delete", &kvv1.DeleteRequest{Key: make([]byte, kv.MaxKeySize+1)})
	c.refused(codes.ResourceExhausted, "larger than", "Set", &kvv1.SetRequest{Value: make([]byte, 200_001)})
	c.refused(codes.InvalidArgument, "durability 7", "Set", &kvv1.SetRequest{Durability: 7})
	if _, err := c.scan(&kvv1.ScanRequest{Limit: 11}); status.Code(err) != codes.InvalidArgument {
		t.Error(err)
	}
}

// TestConnect: the same operations by curl's means, JSON over HTTP/1.1.
func TestConnect(t *testing.T) {
	c := newClient(t, settings.Default())
	c.write("Set", &kvv1.SetRequest{Key: []byte("k"), Value: []byte("v")})
	resp, err := http.Post(c.url+"/lsmlab.kv.v1.KV/Get", "application/json", strings.NewReader(`{"key":"aw=="}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct{ Value, LSN string } // protojson spaces its text at will
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Value != "dg==" || got.LSN != "1" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestLargeAnswers: a value larger than all that may be held comes as a whole, in
// one message and in a scan; compressed calls are refused.
func TestLargeAnswers(t *testing.T) {
	s := settings.Default()
	s.Limits.HeldBytes = 1 << 20
	c := newClient(t, s)
	value := make([]byte, 3<<20)
	c.write("Set", &kvv1.SetRequest{Key: []byte("k"), Value: value})
	for range 3 {
		var got kvv1.GetResponse
		if err := c.call("Get", &kvv1.GetRequest{Key: []byte("k")}, &got); err != nil || len(got.Value) != len(value) {
			t.Fatalf("%d bytes, %v", len(got.Value), err)
		}
	}
	if keys, err := c.scan(&kvv1.ScanRequest{}); err != nil || !strings.Contains(keys, "k") {
		t.Errorf("%q, %v", keys, err)
	}
	var got kvv1.GetResponse
	err := c.conn.Invoke(context.Background(), "/lsmlab.kv.v1.KV/Get", &kvv1.GetRequest{Key: []byte("k")}, &got, grpc.UseCompressor(gzip.Name))
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("a compressed call: %v", err)
	}
}

// watched is an engine that notes what is held for requests while it writes.
type watched struct {
	kv.Engine
	store *service.Store
	held  int64
}

func (w *watched) Apply(b *kv.Batch, d kv.Durability) error {
	_, w.held = w.store.Held()
	return w.Engine.Apply(b, d)
}

// TestTinyWrites: a write of two bytes on the wire is a hundred as a message, and is
// held as such, whatever its encoding.
func TestTinyWrites(t *testing.T) {
	store, db := servetest.NewStore(t, settings.Default())
	engine := &watched{Engine: db, store: store}
	store.Attach(engine)
	_, calls := New(store, nil)
	const writes = 100_000
	for _, c := range []struct{ kind, body string }{
		{"application/proto", strings.Repeat("\x0a\x00", writes)},
		{"application/proto", strings.Repeat("\x8a\x80\x00\x00", writes)}, // a longer spelling of the tag
		{"application/json", `{"writes":[{}` + strings.Repeat(",{}", writes-1) + "]}"},
	} {
		r := httptest.NewRequest("POST", kvv1connect.KVApplyProcedure, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		engine.held = 0
		calls.ServeHTTP(w, r)
		if w.Code != 200 || engine.held < writes*messageSize {
			t.Errorf("%s: status %d %.200s, %d bytes held", c.kind, w.Code, w.Body, engine.held)
		}
	}
	if _, held := store.Held(); held > 0 {
		t.Errorf("%d bytes are held afterwards", held)
	}
}
