package conns

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// failing is a listener whose first accepts fail.
type failing struct {
	net.Listener
	mu   sync.Mutex
	left []error
}

func (f *failing) Accept() (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.left) > 0 {
		err := f.left[0]
		f.left = f.left[1:]
		return nil, &net.OpError{Op: "accept", Err: err}
	}
	return f.Listener.Accept()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

// TestAcceptGoesOn: an accept that fails is tried again, whatever the error, and
// a listener that is closed meanwhile ends.
func TestAcceptGoesOn(t *testing.T) {
	inner := &failing{Listener: listen(t), left: []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ECONNABORTED, io.ErrUnexpectedEOF}}
	l := New(inner, Options{})
	dial(t, l)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n := l.Counts(); n.Failed != 5 || n.Open != 1 || n.Accepted != 1 {
		t.Errorf("%+v", n)
	}
	c.Close()
	c.Close() // counts once
	if n := l.Counts(); n.Open != 0 {
		t.Errorf("%+v", n)
	}
	endless := make([]error, 1000)
	for i := range endless {
		endless[i] = syscall.EMFILE
	}
	inner.mu.Lock()
	inner.left = endless
	inner.mu.Unlock()
	done := make(chan error)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	l.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// serve accepts and keeps what l lets through.
func serve(t *testing.T, l *Listener) (kept chan net.Conn) {
	kept = make(chan net.Conn, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(kept)
				return
			}
			kept <- c
		}
	}()
	t.Cleanup(func() {
		l.Close()
		for c := range kept {
			c.Close()
		}
	})
	return kept
}

// TestTooMany: beyond Max a client is told so in its protocol, also while nobody
// has said anything; once one leaves there is room again.
func TestTooMany(t *testing.T) {
	for name, tc := range map[string]struct {
		refuse     func(net.Conn)
		send, want string
	}{
		"redis":   {Redis, "*1\r\n$4\r\nPING\r\n", "-ERR max number of clients reached\r\n"},
		"http":    {HTTP, "PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("v", 300000), "503 Service Unavailable"},
		"http/2":  {HTTP, string(http2Preface) + "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "too many connections now"},
		"nothing": {nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := New(listen(t), Options{Max: 2, Refuse: tc.refuse})
			kept := serve(t, l)
			for range 2 {
				dial(t, l)
			}
			first := <-kept
			<-kept
			c := dial(t, l)
			go io.WriteString(c, tc.send)
			got, err := io.ReadAll(c)
			if err != nil || !strings.Contains(string(got), tc.want) {
				t.Errorf("%q, %v", got, err)
			}
			if n := l.Counts(); n.Open != 2 || n.Refused != 1 {
				t.Errorf("%+v", n)
			}
			first.Close()
			dial(t, l)
			(<-kept).Close()
		})
	}
}

// TestRefusedHTTP: the answer is one that net/http's client reads whole.
func TestRefusedHTTP(t *testing.T) {
	l := New(listen(t), Options{Max: 1, Refuse: HTTP})
	kept := serve(t, l)
	dial(t, l)
	<-kept
	c := dial(t, l)
	r, _ := http.NewRequestWithContext(context.Background(), "GET", "http://x/", nil)
	go r.Write(c)
	resp, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "1" || !strings.HasSuffix(string(body), `now"}`) {
		t.Errorf("%d %q %v", resp.StatusCode, body, err)
	}
	if extra, _ := io.ReadAll(c); len(extra) > 0 {
		t.Errorf("%d bytes after the answer", len(extra))
	}
}

// TestRefusalsAreCheap: clients that do not leave when they are refused take no
// place of those that come later.
func TestRefusalsAreCheap(t *testing.T) {
	l := New(listen(t), Options{Max: 1, Refuse: Redis})
	kept := serve(t, l)
	dial(t, l)
	<-kept
	for range 5 * places(1) {
		dial(t, l)
	}
	newest := dial(t, l)
	if got, err := bufio.NewReader(newest).ReadString('\n'); err != nil || got != retryRedis {
		t.Errorf("the newest: %q, %v", got, err)
	}
}
