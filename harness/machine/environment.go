package machine

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lsmlab/harness/result"
)

// Environment returns what is known about this machine and this binary. dataDir is
// where the stores will be. The caller adds engines, calibration and command.
func Environment(dataDir string) result.Env {
	m := mountOf(dataDir)
	memory := procFields("/proc/meminfo")
	e := result.Env{
		Started:      time.Now().UTC().Truncate(time.Second),
		CPU:          cpuField("model name"),
		Cores:        runtime.NumCPU(),
		GOMAXPROCS:   runtime.GOMAXPROCS(0),
		MemoryBytes:  memory["MemTotal"],
		SwapBytes:    memory["SwapTotal"],
		Kernel:       kernelRelease(),
		OS:           runtime.GOOS,
		Arch:         runtime.GOARCH,
		Governor:     trimmedFile("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
		Hypervisor:   strings.Contains(" "+cpuField("flags")+" ", " hypervisor "),
		Load1:        loadAverage(),
		FileSystem:   m.fsType,
		MountOptions: m.options,
		Device:       m.source,
		GoVersion:    runtime.Version(),
		Methods: map[string]string{
			"latency":     "monotonic clock, one reading an operation: the end of one is the start of the next, so generating the next operation and checking the last result are included; see harness_ns_per_op",
			"cpu":         "getrusage of the whole process, harness included",
			"write_bytes": "write_bytes of /proc/self/io: pages made dirty and direct writes",
			"rss":         "VmHWM of /proc/self/status, reset by clear_refs before the measured part where the kernel allows",
			"disk":        "allocated blocks of the store's files after close",
		},
	}
	recordBuild(&e)
	return e
}

// recordBuild records what the Go command recorded in the binary.
func recordBuild(e *result.Env) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	e.Module = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			e.Commit = s.Value
		case "vcs.time":
			e.CommitTime, _ = time.Parse(time.RFC3339, s.Value) // unknown stays zero
		case "vcs.modified":
			e.Dirty = s.Value == "true"
		}
	}
}

func cpuField(name string) string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

func trimmedFile(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
