package httpd

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/harness/internal/built"
)

// client runs a program against a fresh server and returns what it prints.
func client(t *testing.T, r *running, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func startFronts(t *testing.T) (r *running, host, port string) {
	t.Helper()
	r = start(t, Config{RESPAddr: "127.0.0.1:0"}).awaitReady()
	host, port, err := net.SplitHostPort(r.Addrs()[RESPFront].String())
	if err != nil {
		t.Fatal(err)
	}
	return r, host, port
}

// TestNodeClients: node-redis and ioredis work as they are.
func TestNodeClients(t *testing.T) {
	dir, err := filepath.Abs("clients/node")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		testneed.Missing(t, "node is missing: apt-get install nodejs npm")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "redis")); err != nil {
		testneed.Missing(t, "the clients are missing: `make node-clients` installs them, once")
	}
	r, host, port := startFronts(t)
	if out := client(t, r, node, filepath.Join(dir, "check.js"), host, port); out != "fine\n" {
		t.Error(out)
	}
}

// TestPythonClient: redis-py works as it is; that of Debian's own Python.
func TestPythonClient(t *testing.T) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import redis").Run() != nil {
		testneed.Missing(t, "redis-py is missing: apt-get install python3-redis")
	}
	r, host, port := startFronts(t)
	if out := client(t, r, python, "clients/python/check.py", host, port); out != "fine\n" {
		t.Error(out)
	}
}

// TestYCSB: go-ycsb's core workloads, with checks of what is read.
func TestYCSB(t *testing.T) {
	program := built.Program(t, "ycsb")
	r, host, port := startFronts(t)
	out := client(t, r, program, net.JoinHostPort(host, port))
	for _, w := range []string{"a", "b", "c", "d", "f"} {
		if !strings.Contains(out, w+": ") {
			t.Errorf("no line of workload %s in\n%s", w, out)
		}
	}
}

// TestGRPCurl: grpcurl finds the service by reflection, calls it, and asks for its
// health, which needs no token.
func TestGRPCurl(t *testing.T) {
	program := built.Program(t, "grpcurl")
	r := start(t, Config{Token: "secret"})
	until(t, "ready", func() bool { status, _ := r.get("/readyz"); return status == http.StatusOK })
	addr, token := r.Addr().String(), "authorization: Bearer secret"
	if _, out := r.do("POST", "/grpc.health.v1.Health/Check", "{}", "Content-Type", "application/json"); !strings.Contains(out, "SERVING") {
		t.Errorf("health without a token: %s", out)
	}
	for _, tc := range []struct {
		want string
		args []string
	}{
		{"lsmlab.kv.v1.KV", []string{"-H", token, addr, "list"}},
		{"rpc Scan ( .lsmlab.kv.v1.ScanRequest ) returns ( stream .lsmlab.kv.v1.ScanResponse );", []string{"-H", token, addr, "describe", "lsmlab.kv.v1.KV"}},
		{`"lsn"`, []string{"-H", token, "-d", `{"key":"aw==","value":"dg=="}`, addr, "lsmlab.kv.v1.KV/Set"}},
		{`"value": "dg=="`, []string{"-H", token, "-d", `{"key":"aw=="}`, addr, "lsmlab.kv.v1.KV/Get"}},
		{`"key": "aw=="`, []string{"-H", token, addr, "lsmlab.kv.v1.KV/Scan"}},
		{`"SERVING"`, []string{"-H", token, addr, "grpc.health.v1.Health/Check"}},
	} {
		if out := client(t, r, program, append([]string{"-plaintext"}, tc.args...)...); !strings.Contains(out, tc.want) {
			t.Errorf("%q:\n%s", tc.args, out)
		}
	}
}
