package harness

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// This file reads what Linux knows of this process and of the machine, below
// /proc and /sys. A file that is missing or unreadable gives zeros: a figure that
// is not to be had must not stop a run, and zero is documented as "not measured".

// procFields reads a file of "name: value unit" lines.
func procFields(path string) map[string]int64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	fields := map[string]int64{}
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		n, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil {
			continue
		}
		if len(words) > 2 && words[2] == "kB" {
			n <<= 10
		}
		fields[strings.TrimSuffix(words[0], ":")] = n
	}
	return fields
}

// writeBytes returns the bytes that this process caused to be written to
// storage. The kernel counts a page when it becomes dirty, or at once with
// O_DIRECT, so buffered, mapped and direct writes count alike, and two small
// appends to a page that is still dirty count once: as the device sees it.
func writeBytes() int64 { return procFields("/proc/self/io")["write_bytes"] }

// rssBytes returns the resident set of this process, mapped file pages included.
func rssBytes() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	words := strings.Fields(string(b))
	if len(words) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(words[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// resetPeakRSS makes the kernel's high-water mark start anew (clear_refs 5) and
// says whether it did.
func resetPeakRSS() bool { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) == nil }

func peakRSSBytes() int64 { return procFields("/proc/self/status")["VmHWM"] }

// usage is what getrusage knows of all threads of this process.
type usage struct {
	user, system time.Duration
	majorFaults  int64
}

func processUsage() usage {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return usage{}
	}
	return usage{time.Duration(r.Utime.Nano()), time.Duration(r.Stime.Nano()), r.Majflt}
}

// machine is what the whole machine did since it was started.
type machine struct {
	busy, steal     time.Duration // summed over cores
	swapped         int64         // pages in and out
	throttled       int64         // thermal events of all cores
	oomKills        int64
	at              time.Time
	ownUser, ownSys time.Duration
}

func readMachine() machine {
	m := machine{at: time.Now()}
	u := processUsage()
	m.ownUser, m.ownSys = u.user, u.system
	if b, err := os.ReadFile("/proc/stat"); err == nil {
		line, _, _ := strings.Cut(string(b), "\n")
		m.busy, m.steal = parseCPULine(line)
	}
	vm := procFields("/proc/vmstat")
	m.swapped = vm["pswpin"] + vm["pswpout"]
	m.oomKills = vm["oom_kill"]
	counts, _ := filepath.Glob("/sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count")
	for _, path := range counts {
		m.throttled += readInt(path)
	}
	return m
}

// parseCPULine reads "cpu user nice system idle iowait irq softirq steal ...",
// in ticks of 10 ms.
func parseCPULine(line string) (busy, steal time.Duration) {
	words := strings.Fields(line)
	const tick = 10 * time.Millisecond
	for i, w := range words {
		n, _ := strconv.ParseInt(w, 10, 64)
		switch i {
		case 1, 2, 3, 6, 7:
			busy += time.Duration(n) * tick
		case 8:
			steal = time.Duration(n) * tick
		}
	}
	return busy, steal
}

func readInt(path string) int64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n
}

// loadAverage returns the load of the last minute.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	word, _, _ := strings.Cut(string(b), " ")
	load, _ := strconv.ParseFloat(word, 64)
	return load
}

// diskUsage returns the allocated bytes of all files below dir. Files that
// vanish meanwhile count nothing.
func diskUsage(dir string) int64 {
	var bytes int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				bytes += st.Blocks * 512
			}
		}
		return nil
	})
	return bytes
}

// freeBytes returns what an ordinary user can still write at dir.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// mount is one line of /proc/self/mountinfo.
type mount struct{ point, fsType, source, options string }

// mountOf returns the mount that holds dir.
func mountOf(dir string) mount {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return mount{}
	}
	path, err := filepath.EvalSymlinks(dir)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return mount{}
	}
	return findMount(string(b), path)
}

// findMount returns the mount of the longest mount point that holds path; of
// equals the last, which lies on top. Format: proc_pid_mountinfo(5).
func findMount(mountinfo, path string) (best mount) {
	for line := range strings.Lines(mountinfo) {
		head, tail, ok := strings.Cut(line, " - ")
		h, t := strings.Fields(head), strings.Fields(tail)
		if !ok || len(h) < 6 || len(t) < 3 {
			continue
		}
		point := unescapeMount(h[4])
		holds := point == "/" || path == point || strings.HasPrefix(path, point+"/")
		if holds && len(point) >= len(best.point) {
			best = mount{point: point, fsType: t[0], source: t[1], options: h[5] + "," + t[2]}
		}
	}
	return best
}

// unescapeMount undoes the octal escapes of space, tab, newline and backslash.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
