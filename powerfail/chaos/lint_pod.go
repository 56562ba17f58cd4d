package chaos

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
)

func (l *linter) pod(path string, s *v1alpha1.PodChaosSpec) {
	switch s.Action {
	case v1alpha1.PodKillAction, v1alpha1.ContainerKillAction:
		if s.Duration != nil {
			l.add(path+".duration", *s.Duration, fmt.Sprintf("%s is an instant and ignores it: leave it out, or use a Schedule", s.Action))
		}
	case v1alpha1.PodFailureAction:
	default:
		l.add(path+".action", quote(string(s.Action)), "the resource definition refuses it: want pod-kill, pod-failure or container-kill")
	}
	if s.Action != v1alpha1.PodKillAction && s.GracePeriod != 0 {
		l.add(path+".gracePeriod", s.GracePeriod, "only pod-kill waits: leave it out")
	}
	if s.Action != v1alpha1.ContainerKillAction && len(s.ContainerNames) > 0 {
		l.add(path+".containerNames", s.ContainerNames, fmt.Sprintf("%s meets whole pods: leave it out, or want container-kill", s.Action))
	}
}

// clockIDs are the clocks of clock_gettime that the daemon knows.
var clockIDs = []string{
	"CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID", "CLOCK_MONOTONIC_RAW",
	"CLOCK_REALTIME_COARSE", "CLOCK_MONOTONIC_COARSE", "CLOCK_BOOTTIME", "CLOCK_REALTIME_ALARM", "CLOCK_BOOTTIME_ALARM",
}

func (l *linter) clock(path string, s *v1alpha1.TimeChaosSpec) {
	if d, err := time.ParseDuration(s.TimeOffset); s.TimeOffset == "" || err == nil && d == 0 {
		l.add(path+".timeOffset", quote(s.TimeOffset), `the clock stays as it is: want an offset such as "-10m"`)
	}
	for i, id := range s.ClockIds {
		if !slices.Contains(clockIDs, id) {
			l.add(fmt.Sprintf("%s.clockIds[%d]", path, i), quote(id), "the daemon knows no such clock: want some of "+strings.Join(clockIDs, ", "))
		}
	}
}

func (l *linter) stress(path string, s *v1alpha1.StressChaosSpec) {
	if s.Stressors == nil {
		return
	}
	if s.StressngStressors != "" {
		l.add(path+".stressors", "present", "stressngStressors wins, and they are ignored: leave one of both out")
		return
	}
	if c := s.Stressors.CPUStressor; c != nil {
		l.workers(path+".stressors.cpu.workers", c.Workers)
		switch {
		case c.Load == nil:
		case *c.Load == 0:
			l.add(path+".stressors.cpu.load", 0, "the workers sleep: want 1 to 100")
		case *c.Load < 0 || *c.Load > 100:
			l.add(path+".stressors.cpu.load", *c.Load, "the resource definition refuses it: want 1 to 100")
		}
	}
	if m := s.Stressors.MemoryStressor; m != nil {
		l.workers(path+".stressors.memory.workers", m.Workers)
		if digits := strings.TrimRight(m.Size, "BKMGTPbikmgtp% "); m.Size != "" && strings.Trim(digits, "0.") == "" {
			l.add(path+".stressors.memory.size", quote(m.Size), `the workers hold nothing: want a size such as "256MB", or none for all that is available`)
		}
	}
}

func (l *linter) workers(field string, n int) {
	switch {
	case n == 0:
		l.add(field, n, "the daemon starts no stressor: want 1 to 8192")
	case n < 0 || n > 8192:
		l.add(field, n, "stress-ng refuses it: want 1 to 8192")
	}
}

// ioMethods are the operations that a file system in user space receives.
var ioMethods = strings.Fields(`lookup forget getattr setattr readlink mknod mkdir unlink rmdir symlink rename link open read
	write flush release fsync opendir readdir releasedir fsyncdir statfs setxattr getxattr listxattr removexattr access create
	getlk setlk bmap`)

func (l *linter) io(at string, s *v1alpha1.IOChaosSpec) {
	switch s.Action {
	case v1alpha1.IoLatency:
		if d, err := time.ParseDuration(s.Delay); s.Delay == "" || err == nil && d <= 0 {
			l.add(at+".delay", quote(s.Delay), `operations do not wait: want a delay such as "50ms"`)
		}
	case v1alpha1.IoFaults: // the library checks the number of the error
	case v1alpha1.IoAttrOverride:
		if s.Attr == nil {
			l.add(at+".attr", "missing", "there is nothing to override: write it")
		}
	case v1alpha1.IoMistake:
		if s.Mistake == nil {
			l.add(at+".mistake", "missing", "there is no mistake to make: write it")
		}
	default:
		l.add(at+".action", quote(string(s.Action)), "the resource definition refuses it: want latency, fault, attrOverride or mistake")
	}
	for i, m := range s.Methods {
		if !slices.Contains(ioMethods, string(m)) {
			l.add(fmt.Sprintf("%s.methods[%d]", at, i), quote(string(m)), "no operation has this name: want some of "+strings.Join(ioMethods, ", "))
		}
	}
	if !path.IsAbs(s.VolumePath) {
		l.add(at+".volumePath", quote(s.VolumePath), "no file system is mounted there: want the absolute path of a volume")
	} else if under := strings.TrimSuffix(s.VolumePath, "/") + "/"; s.Path != "" && s.Path != s.VolumePath && !strings.HasPrefix(s.Path, under) {
		l.add(at+".path", quote(s.Path), "no file of the volume has this path: want one below "+s.VolumePath)
	}
}
