package resp

import (
	"strings"
	"testing"

	"lsmlab/harness/httpd/settings"
)

// step is a command line with the bytes that answer it, CR LF written as "|".
type step struct{ send, want string }

func (f *front) steps(name string, steps []step) {
	f.Helper()
	var send, want strings.Builder
	for _, s := range steps {
		send.WriteString(s.send + "\r\n")
		want.WriteString(strings.ReplaceAll(s.want, "|", "\r\n"))
	}
	got, _ := f.talk(send.String()+"QUIT\r\n", "")
	if wanted := want.String() + "+OK\r\n"; got != wanted {
		f.Errorf("%s:\n%q, want\n%q", name, got, wanted)
	}
}

func TestCommands(t *testing.T) {
	f := newFront(t, nil)
	f.steps("strings", []step{
		{"SETNX s 1", ":1|"},
		{"SETNX s 2", ":0|"},
		{"SET s 3 NX", "$-1|"},
		{"SET s 3 XX GET", "$1|1|"},
		{"SET none 3 XX", "$-1|"},
		{"SET none 3 nx get", "$-1|"},
		{"SET none 4 NX GET KEEPTTL", "$1|3|"},
		{"SET s v NX XX", "-ERR syntax error: SET has both NX and XX|"},
		{"SET s v PX 10", "-ERR SET: option PX is not supported: keys do not expire here|"},
		{"SET s v FOO", "-ERR syntax error: SET option \"FOO\" is not supported, but NX, XX, GET, KEEPTTL|"},
		{"GETSET s four", "$1|3|"},
		{"STRLEN s", ":4|"},
		{"STRLEN missing", ":0|"},
		{"APPEND s teen", ":8|"},
		{"GETDEL s", "$8|fourteen|"},
		{"GETDEL s", "$-1|"},
		{"INCR n", ":1|"},
		{"INCRBY n 41", ":42|"},
		{"DECR n", ":41|"},
		{"DECRBY n -9223372036854775807", "-ERR increment or decrement would overflow|"},
		{"INCRBY n 1.5", "-ERR value is not an integer or out of range|"},
	})
	f.steps("keys", []step{
		{"MSETNX a 1 b 2", ":1|"},
		{"MSETNX b 3 c 3", ":0|"},
		{"MGET a b c", "*3|$1|1|$1|2|$-1|"},
		{"TYPE a", "+string|"},
		{"TYPE c", "+none|"},
		{"TTL a", ":-1|"},
		{"PTTL c", ":-2|"},
		{"DBSIZE", ":4|"},
		{"UNLINK a a c", ":1|"},
		{"DEL a b", ":1|"},
		{"SCAN 0 TYPE list", "*2|$1|0|*0|"},
		{"SCAN 0 TYPE string", "*2|$1|0|*2|$1|n|$4|none|"},
	})
	f.steps("server", []step{
		{"CONFIG GET sav* databases", "*4|$9|databases|$1|1|$4|save|$0||"},
		{"CONFIG SET save x", "-ERR CONFIG \"SET\" is not supported, but GET; see --settings for what can be changed|"},
		{"COMMAND INFO get mset nosuch", "*3|*6|$3|get|:2|*1|+readonly|:1|:1|:1|*6|$4|mset|:-3|*1|+write|:1|:-1|:2|*-1|"},
		{"COMMAND DOCS", "*0|"},
		{"CLIENT SETNAME me", "+OK|"},
		{"CLIENT GETNAME", "$2|me|"},
		{"CLIENT SETINFO LIB-NAME x", "+OK|"},
		{"CLIENT TRACKING on", "-ERR CLIENT \"TRACKING\" is not supported, but ID, INFO, GETNAME, SETNAME name, SETINFO attribute value, NO-EVICT, NO-TOUCH|"},
		{"SELECT 0", "+OK|"},
		{"RESET", "+RESET|"},
		{"CLIENT GETNAME", "$-1|"},
	})
}

func TestProtocol3(t *testing.T) {
	f := newFront(t, nil)
	f.steps("hello", []step{
		{"HELLO 3 SETNAME me", "%7|$6|server|$6|lsmlab|$7|version|$5|7.0.0|$4|mode|$10|standalone|$4|role|$6|master|$5|proto|:3|$2|id|:1|$7|modules|*0|"},
		{"CLIENT GETNAME", "$2|me|"},
		{"GET none", "_|"},
		{"MGET none", "*1|_|"},
		{"CONFIG GET databases", "%1|$9|databases|$1|1|"},
		{"COMMAND DOCS", "%0|"},
		{"HELLO 4", "-NOPROTO unsupported protocol version|"},
		{"HELLO 3 FOO", "-ERR Syntax error in HELLO option \"FOO\"|"},
		{"HELLO 2", "*14|$6|server|$6|lsmlab|$7|version|$5|7.0.0|$4|mode|$10|standalone|$4|role|$6|master|$5|proto|:2|$2|id|:1|$7|modules|*0|"},
		{"GET none", "$-1|"},
		{"HELLO 3", "%7|$6|server|$6|lsmlab|$7|version|$5|7.0.0|$4|mode|$10|standalone|$4|role|$6|master|$5|proto|:3|$2|id|:1|$7|modules|*0|"},
		{"RESET", "+RESET|"},
		{"GET none", "$-1|"},
	})
	secret := newFront(t, func(s *Server) { s.Token = "secret" })
	secret.steps("token", []step{
		{"HELLO 3", "-NOAUTH HELLO must be called with the client already authenticated, or with AUTH|"},
		{"HELLO 3 AUTH default wrong", "-WRONGPASS invalid token|"},
		{"GET k", "-NOAUTH Authentication required.|"},
		{"MULTI", "-NOAUTH Authentication required.|"},
		{"HELLO 2 AUTH default secret", "*14|$6|server|$6|lsmlab|$7|version|$5|7.0.0|$4|mode|$10|standalone|$4|role|$6|master|$5|proto|:2|$2|id|:1|$7|modules|*0|"},
		{"GET k", "$-1|"},
		{"RESET", "+RESET|"},
		{"GET k", "-NOAUTH Authentication required.|"},
	})
}

func TestMulti(t *testing.T) {
	f := newFront(t, nil)
	f.steps("transaction", []step{
		{"EXEC", "-ERR EXEC without MULTI|"},
		{"DISCARD", "-ERR DISCARD without MULTI|"},
		{"SET a 1", "+OK|"},
		{"MULTI", "+OK|"},
		{"MULTI", "-ERR MULTI calls can not be nested|"},
		{"SET a 2", "+QUEUED|"},
		{"GET a", "+QUEUED|"},
		{"INCR a", "+QUEUED|"},
		{"APPEND a x", "+QUEUED|"},
		{"INCR a", "+QUEUED|"},
		{"DEL a a b", "+QUEUED|"},
		{"EXISTS a", "+QUEUED|"},
		{"SET b 7 GET", "+QUEUED|"},
		{"MGET a b", "+QUEUED|"},
		{"EXEC", "*9|+OK|$1|2|:3|:2|-ERR value is not an integer or out of range|:1|:0|$-1|*2|$-1|$1|7|"},
		{"MGET a b", "*2|$-1|$1|7|"},
		{"MULTI", "+OK|"},
		{"SET a 9", "+QUEUED|"},
		{"DISCARD", "+OK|"},
		{"GET a", "$-1|"},
		{"MULTI", "+OK|"},
		{"SET a", "-ERR wrong number of arguments for 'set' command|"},
		{"SET a 9", "+QUEUED|"},
		{"EXEC", "-EXECABORT Transaction discarded because of previous errors.|"},
		{"MULTI", "+OK|"},
		{"SCAN 0", "-ERR SCAN is not supported after MULTI|"},
		{"EXEC", "-EXECABORT Transaction discarded because of previous errors.|"},
		{"MULTI", "+OK|"},
		{"EXEC", "*0|"},
		{"GET a", "$-1|"},
	})
	f.steps("watch", []step{
		{"WATCH b c", "+OK|"},
		{"SET c 1", "+OK|"},
		{"MULTI", "+OK|"},
		{"SET b 8", "+QUEUED|"},
		{"EXEC", "*-1|"},
		{"GET b", "$1|7|"},
		{"MULTI", "+OK|"},
		{"SET b 8", "+QUEUED|"},
		{"WATCH b", "-ERR WATCH inside MULTI is not allowed|"},
		{"EXEC", "*1|+OK|"},
		{"WATCH b", "+OK|"},
		{"UNWATCH", "+OK|"},
		{"SET b 9", "+OK|"},
		{"MULTI", "+OK|"},
		{"EXEC", "*0|"},
		{"HELLO 3", "%7|$6|server|$6|lsmlab|$7|version|$5|7.0.0|$4|mode|$10|standalone|$4|role|$6|master|$5|proto|:3|$2|id|:2|$7|modules|*0|"},
		{"WATCH b", "+OK|"},
		{"DEL b", ":1|"},
		{"MULTI", "+OK|"},
		{"EXEC", "_|"},
	})
}

// TestMultiIsBounded: neither the queue nor the answers of a transaction may be
// larger than a body.
func TestMultiIsBounded(t *testing.T) {
	f := newFront(t, nil)
	value := strings.Repeat("v", 300_000)
	cmd := func(args ...string) string { return string(encoded(args...)) }
	got, _ := f.talk(cmd("MULTI")+strings.Repeat(cmd("SET", "k", value), 4)+cmd("EXEC")+cmd("QUIT"), "")
	if !strings.HasPrefix(got, "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n-ERR MULTI: the commands are over the limit") || !strings.Contains(got, "-EXECABORT") {
		t.Errorf("%.300q", got)
	}
	got, _ = f.talk(cmd("SET", "k", value)+cmd("MULTI")+cmd("SET", "other", "1")+strings.Repeat(cmd("GET", "k"), 4)+cmd("EXEC")+cmd("GET", "other")+cmd("QUIT"), "")
	if !strings.HasSuffix(got, "+QUEUED\r\n-ERR bad-request: the answers are larger than the limit of a body: read outside of MULTI, where they are sent one by one\r\n$-1\r\n+OK\r\n") {
		t.Errorf("%.600q", got)
	}
}

// TestBrowser: what a page sends by HTTP is not executed, and ends the connection.
func TestBrowser(t *testing.T) {
	f := newFront(t, nil)
	for _, send := range []string{
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nSET page 1\r\n",
		"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nSET page 1\r\n",
		"PUT /x HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\nSET page 1\r\n",
		string(encoded("post", "x")) + "SET page 1\r\n",
		"QUIT\r\nSET page 1\r\n",
	} {
		f.talk(send, "")
		if keys := f.keys(); len(keys) > 0 {
			t.Fatalf("%q wrote %q", send, keys)
		}
	}
}

// TestLargeMGet: an answer is larger than all that the server may hold, and comes
// as a whole.
func TestLargeMGet(t *testing.T) {
	f := newFront(t, func(s *Server) {
		next := settings.Default()
		next.Limits.HeldBytes = 5 << 20
		s.Store.Use(next)
	})
	value := strings.Repeat("v", 4<<20)
	cmd := string(encoded("SET", "k", value)) + string(encoded("MGET", "k", "none", "k", "k", "k", "k")) + "QUIT\r\n"
	got, _ := f.talk(cmd, "")
	bulk := "$4194304\r\n" + value + "\r\n"
	if want := "+OK\r\n*6\r\n" + bulk + "$-1\r\n" + strings.Repeat(bulk, 4) + "+OK\r\n"; got != want {
		t.Errorf("%d bytes, want %d: %.60q", len(got), len(want), got)
	}
	f.stop() // connections have ended then
	if answers, requests := f.Store.Held(); answers+requests > 0 {
		t.Errorf("%d and %d bytes are held afterwards", answers, requests)
	}
}
