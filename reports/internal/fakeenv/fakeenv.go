// Package fakeenv makes environments for the tests of reports.
package fakeenv

import (
	"strings"
	"time"

	"lsmlab/harness/result"
)

// Of returns an environment of a machine that does not exist, with engines that give
// some durability levels. Those of our own core have no version.
func Of(engines, levels []string) result.Env {
	e := result.Env{
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Command: "lsmlab bench --engines " + strings.Join(engines, ",") + " --out results/fake",
		CPU: "A CPU of 3 GHz", Cores: 2, GOMAXPROCS: 2, MemoryBytes: 16 << 30, Kernel: "6.1.0", OS: "linux", Arch: "amd64",
		FileSystem: "ext4", MountOptions: "rw,relatime", Device: "/dev/vda1", GoVersion: "go1.26.0", Commit: "0123456789abcdef0123",
		HarnessNSPerOp: 210, MeasureNSPerOp: 60, ClockNS: 30, Methods: map[string]string{"rss": "VmHWM", "cpu": "getrusage"},
	}
	for _, name := range engines {
		info := result.EngineInfo{Name: name, Summary: "about " + name, Options: map[string]string{}, Settings: map[string]string{"cache": "8MiB"}}
		if !strings.HasPrefix(name, "lsm-") {
			info.Version = "v1.2.3"
		}
		for _, level := range levels {
			info.Options[level] = "sync=" + level
		}
		e.Engines = append(e.Engines, info)
	}
	return e
}
