package httpd

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness/httpd/rest"
	"lsmlab/harness/httpd/settings"
	"lsmlab/harness/stat"
)

// What is read and written: by get.lua, by put.lua and by redis-benchmark.
const keys = 10_001

var value = strings.Repeat("v", 100)

// BenchmarkTargets measures what the service costs, with clients that others
// wrote, on this machine: each iteration is a round in which every contender runs
// once, in turn, so that drift hits all alike. The ratios are medians over the
// rounds of the ratio in one round:
//
//	http-get/bare    HTTP GET over a handler that answers 100 constant bytes; target 0.60
//	http-put/bare    HTTP PUT, buffered, over the same; target 0.50
//	http-get/blind   HTTP GET with all that observes, no trace, over none; target 0.95
//	resp-get/redis   GET by the Redis protocol, pipelines of 16, over redis-server; target 0.60
//
// Other work on the machine distorts rates more than CPU time. So each ratio is
// given a second time, as "idle": of the rates that the CPU time of client and
// server allows on two cores with nothing else to do.
//
// Run it by `make bench-serve`.
func BenchmarkTargets(b *testing.B) {
	contenders := newContenders(b)
	rounds := map[string][]sample{}
	for b.Loop() {
		for _, c := range contenders {
			rounds[c.name] = append(rounds[c.name], c.run(b))
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing
	median := func(name string, of func(sample) float64) float64 {
		var values []float64
		for _, s := range rounds[name] {
			values = append(values, of(s))
		}
		return stat.Summarize(values).Median
	}
	for _, c := range contenders {
		b.ReportMetric(median(c.name, func(s sample) float64 { return s.rate }), c.name+"/s")
		b.ReportMetric(median(c.name, func(s sample) float64 { return 1e6 * s.client }), c.name+"-client-us")
		b.ReportMetric(median(c.name, func(s sample) float64 { return 1e6 * s.server }), c.name+"-server-us")
	}
	for _, pair := range [][2]string{{"http-get", "bare"}, {"http-put", "bare"}, {"http-get", "blind"}, {"resp-get", "redis"}} {
		var measured, idle []float64
		for i, over := range rounds[pair[1]] {
			of := rounds[pair[0]][i]
			measured = append(measured, of.rate/over.rate)
			idle = append(idle, of.idleRate()/over.idleRate())
		}
		b.ReportMetric(stat.Summarize(measured).Median, pair[0]+"/"+pair[1])
		b.ReportMetric(stat.Summarize(idle).Median, pair[0]+"/"+pair[1]+"-idle")
	}
}

// contender is one server under one load.
type contender struct {
	name string
	run  func(testing.TB) sample
}

// sample is what one run gave.
type sample struct {
	rate                         float64 // requests/s
	client, server               float64 // CPU seconds a request
	clientThreads, serverThreads float64
}

// idleRate is the rate that two cores can give if nothing else runs: neither side
// gets more cores than it has threads, both together no more than two.
func (s sample) idleRate() float64 {
	return min(s.clientThreads/s.client, s.serverThreads/s.server, 2/(s.client+s.server))
}

func newContenders(b *testing.B) []contender {
	wrk, redisBenchmark := tool(b, "wrk", "wrk"), tool(b, "redis-benchmark", "redis-tools")
	dir := b.TempDir()
	s, err := Listen(Config{
		Addr: "127.0.0.1:0", RESPAddr: "127.0.0.1:0", Settings: settings.Default(),
		Open: func(func(kv.OpenProgress) error) (kv.Engine, error) {
			return engines.Open("lsm-bptree", dir, engines.Options{Durability: kv.Buffered})
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	serve(b, s)
	until(b, "ready", func() bool { return s.store.Ready() == nil })
	for i := range keys {
		var batch kv.Batch
		batch.Set(fmt.Appendf(nil, "key%08d", i), []byte(value))
		batch.Set(fmt.Appendf(nil, "key:%012d", i), []byte(value)) // redis-benchmark's
		if _, err := s.store.Apply(b.Context(), &batch, kv.Buffered); err != nil {
			b.Fatal(err)
		}
	}
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/octet-stream"}
		_, _ = io.WriteString(w, value)
	}))
	b.Cleanup(bare.Close)
	blind := httptest.NewUnstartedServer(nil)
	blind.Config = s.httpServer(&rest.Handler{Store: s.store, StallTimeout: s.config.Timeouts.Write}) // time limits are no observing
	blind.Start()
	b.Cleanup(blind.Close)
	redis := startRedis(b)
	url := "http://" + s.Addr().String()
	http := func(url, script string) func(testing.TB) sample {
		return func(b testing.TB) sample {
			load := load{clientThreads: 2, serverThreads: 2, server: selfCPU, pattern: `(?s)([0-9]+) requests in .*Requests/sec: +([0-9.]+)`}
			return load.run(b, wrk, "-t2", "-c64", "-d2s", "-s", "testdata/"+script, url)
		}
	}
	resp := func(addr string, load load) func(testing.TB) sample {
		_, port, _ := strings.Cut(addr, ":")
		load.clientThreads, load.pattern, load.requests = 1, `"GET","([0-9.]+)"`, 1_000_000
		return func(b testing.TB) sample {
			return load.run(b, redisBenchmark, "-p", port, "-P", "16", "-n", fmt.Sprintf("%.0f", load.requests), "-r", "10000", "-t", "get", "--csv")
		}
	}
	return []contender{
		{"bare", http(bare.URL, "get.lua")},
		{"blind", http(blind.URL, "get.lua")},
		{"http-get", http(url, "get.lua")},
		{"http-put", http(url, "put.lua")},
		{"resp-get", resp(s.Addrs()[RESPFront].String(), load{serverThreads: 2, server: selfCPU})},
		{"redis", resp(redis.addr, load{serverThreads: 1, server: redis.cpu})},
	}
}

// load is how a client is run and its output read.
type load struct {
	clientThreads, serverThreads float64
	server                       func(testing.TB) time.Duration // CPU time of the server until now
	pattern                      string                         // finds requests, unless given, and rate
	requests                     float64
}

func (l load) run(b testing.TB, program string, args ...string) sample {
	b.Helper()
	server, client := l.server(b), cpuTime(b, syscall.RUSAGE_CHILDREN)
	out, err := exec.Command(program, args...).CombinedOutput()
	found := regexp.MustCompile(l.pattern).FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "Non-2xx") {
		b.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	if l.requests == 0 {
		l.requests, _ = strconv.ParseFloat(string(found[1]), 64)
	}
	rate, _ := strconv.ParseFloat(string(found[len(found)-1]), 64)
	return sample{
		rate:   rate,
		client: (cpuTime(b, syscall.RUSAGE_CHILDREN) - client).Seconds() / l.requests,
		server: (l.server(b) - server).Seconds() / l.requests, clientThreads: l.clientThreads, serverThreads: l.serverThreads,
	}
}

// cpuTime is what this process, or those that it has waited for, have used.
func cpuTime(b testing.TB, who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func selfCPU(b testing.TB) time.Duration { return cpuTime(b, syscall.RUSAGE_SELF) }

// redis is Debian's redis-server, without persistence.
type redis struct {
	addr string
	pid  int
}

// startRedis starts one with the keys that the benchmark reads.
func startRedis(b *testing.B) redis {
	program, cli := tool(b, "redis-server", "redis-server"), tool(b, "redis-cli", "redis-tools")
	addr := freePort(b)
	_, port, _ := strings.Cut(addr, ":")
	c := exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	until(b, "redis-server", func() bool { return exec.Command(cli, "-p", port, "ping").Run() == nil })
	fill := exec.Command(cli, "-p", port, "--pipe")
	var commands strings.Builder
	for i := range keys {
		fmt.Fprintf(&commands, "SET key:%012d %s\r\n", i, value)
	}
	fill.Stdin = strings.NewReader(commands.String())
	if out, err := fill.CombinedOutput(); err != nil {
		b.Fatalf("fill redis: %v\n%s", err, out)
	}
	return redis{addr, c.Process.Pid}
}

// cpu reads the CPU time from /proc, in ticks of 10 ms.
func (r redis) cpu(b testing.TB) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold blanks
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
