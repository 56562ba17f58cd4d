package resp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/internal/servetest"
	"lsmlab/harness/httpd/service"
	"lsmlab/harness/httpd/settings"
)

// TestMultiWritesAreBounded: APPEND in a transaction writes all of a value each time,
// so that a few bytes could make a batch of gigabytes.
func TestMultiWritesAreBounded(t *testing.T) {
	f := newFront(t, nil)
	value := strings.Repeat("v", 300_000)
	cmd := func(args ...string) string { return string(encoded(args...)) }
	got, _ := f.talk(cmd("SET", "k", value)+cmd("MULTI")+strings.Repeat(cmd("APPEND", "k", "x"), 100)+cmd("EXEC")+cmd("STRLEN", "k")+cmd("QUIT"), "")
	if !strings.HasSuffix(got, "-ERR bad-request: the writes of the transaction are over the limit of 1048576 bytes\r\n:300000\r\n+OK\r\n") {
		t.Errorf("%.300q", got[max(0, len(got)-300):])
	}
	f.stop()
	if answers, requests := f.Store.Held(); answers+requests > 0 {
		t.Errorf("%d and %d bytes are held afterwards", answers, requests)
	}
}

// failing is an engine that cannot read one key, and calls on every read.
type failing struct {
	kv.Engine
	key  string
	read func()
}

func (e *failing) Get(dst, key []byte) ([]byte, error) {
	if e.read != nil {
		e.read()
	}
	if string(key) == e.key {
		return dst, errors.New("no such sector")
	}
	return e.Engine.Get(dst, key)
}

// TestMultiAborts: a transaction one of whose commands the server could not do writes
// nothing: its client wanted all or nothing.
func TestMultiAborts(t *testing.T) {
	f := newFront(t, nil)
	f.Store.Attach(&failing{Engine: f.db, key: "broken"})
	f.steps("transfer", []step{
		{"SET account 5", "+OK|"},
		{"MULTI", "+OK|"},
		{"DECRBY account 5", "+QUEUED|"},
		{"INCRBY broken 5", "+QUEUED|"},
		{"EXEC", "-ERR internal: no such sector|"},
		{"GET account", "$1|5|"},
		{"MULTI", "+OK|"},
		{"MGET account broken", "+QUEUED|"},
		{"EXEC", "-ERR internal: no such sector|"},
		{"PING", "+PONG|"},
	})
}

// TestStopEndsLongCommands: a server that is told to stop does not wait for the
// million reads of one command.
func TestStopEndsLongCommands(t *testing.T) {
	f := newFront(t, nil)
	begun, goOn := make(chan bool, 1), make(chan bool)
	var reads atomic.Int64
	f.Store.Attach(&failing{Engine: f.db, read: func() {
		if reads.Add(1) == 1 {
			begun <- true
			<-goOn
		}
	}})
	c, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go c.Write(encoded(append([]string{"EXISTS"}, strings.Fields(strings.Repeat("k ", 50_000))...)...))
	<-begun
	f.listener.Close()
	ended, end := context.WithCancel(context.Background())
	end()
	stopped := make(chan bool)
	go func() { stopped <- f.Stop(ended) }()
	if _, err := c.Read(make([]byte, 1)); err == nil { // until Stop has cut it
		t.Error("an answer")
	}
	close(goOn)
	if <-stopped {
		t.Error("nothing was cut")
	}
	if n := reads.Load(); n > 2 {
		t.Errorf("%d reads after the end", n)
	}
}

// TestStrangersAreSmall: clients without the token cannot take the memory of those who
// have, and a large command may come right behind the token.
func TestStrangersAreSmall(t *testing.T) {
	f := newFront(t, func(s *Server) { s.Token = "secret" })
	value := strings.Repeat("v", 500_000)
	set := string(encoded("SET", "k", value)) + "QUIT\r\n"
	if got, _ := f.talk(set, ""); !strings.HasPrefix(got, "-ERR command longer than the limit") {
		t.Errorf("%.100q", got)
	}
	if got, _ := f.talk("AUTH secret\r\n"+set, ""); got != "+OK\r\n+OK\r\n+OK\r\n" {
		t.Errorf("%.100q", got)
	}
}

// TestHelloAllOrNothing: HELLO that is refused changes neither protocol nor trust.
func TestHelloAllOrNothing(t *testing.T) {
	const badName = "-ERR Client names cannot contain spaces, newlines or special characters, or more than 256 bytes.|"
	newFront(t, nil).steps("protocol", []step{{"HELLO 3 SETNAME \"a b\"", badName}, {"GET k", "$-1|"}})
	newFront(t, func(s *Server) { s.Token = "secret" }).steps("token", []step{
		{"HELLO 3 AUTH u secret SETNAME \"a b\"", badName}, {"GET k", "-NOAUTH Authentication required.|"},
	})
}

// TestLoading: ioredis waits for loading:0 before it sends commands.
func TestLoading(t *testing.T) {
	f := newFront(t, func(s *Server) { s.Store = servetest.Empty(settings.Default()) })
	if got, _ := f.talk("INFO\r\nGET k\r\nQUIT\r\n", ""); !strings.Contains(got, "loading:1\r\n") || !strings.Contains(got, "-LOADING") {
		t.Errorf("%q", got)
	}
	f.Store.Attach(f.db)
	if got, _ := f.talk("INFO\r\nQUIT\r\n", ""); !strings.Contains(got, "loading:0\r\n") {
		t.Errorf("%q", got)
	}
}

// TestScanOfTinyKeys: what SCAN finds is bounded by what it takes in memory, not by the
// bytes of the keys alone.
func TestScanOfTinyKeys(t *testing.T) {
	f := newFront(t, func(s *Server) {
		next := settings.Default()
		next.Limits.ScanEntries = 100_000
		s.Store.Use(next)
	})
	var b kv.Batch
	for i := range 20_000 {
		b.Set([]byte(fmt.Sprintf("%x", i)), nil)
	}
	if err := f.db.Apply(&b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	got, _ := f.talk("SCAN 0 COUNT 100000\r\nQUIT\r\n", "")
	if n := strings.Count(got, "$") - 1; n < 1000 || n*foundOverhead > 2*service.SmallSize {
		t.Errorf("%d keys at once", n)
	}
}
