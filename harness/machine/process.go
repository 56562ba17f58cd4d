package machine

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is what the kernel has counted for all threads of this process since the
// process started.
type Usage struct {
	User, System time.Duration // CPU time
	MajorFaults  int64         // page faults that waited for a disk
}

// ProcessUsage reads the usage of this process.
func ProcessUsage() Usage {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return Usage{}
	}
	return Usage{time.Duration(r.Utime.Nano()), time.Duration(r.Stime.Nano()), r.Majflt}
}

// CPU returns the time on all cores, in user mode and in the kernel.
func (u Usage) CPU() time.Duration { return u.User + u.System }

// WriteBytes returns the bytes that this process caused to be written to storage.
// The kernel counts a page when it becomes dirty, or at once with O_DIRECT.
// Therefore buffered, mapped and direct writes count alike, and two small appends
// to a page that is still dirty count once, as the device sees them.
func WriteBytes() int64 { return procFields("/proc/self/io")["write_bytes"] }

// ResidentBytes returns the resident set of this process, mapped pages of files
// included.
func ResidentBytes() int64 {
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

// PeakResidentBytes returns the largest resident set since the process started, or
// since the last [ResetPeakResident] that succeeded.
func PeakResidentBytes() int64 { return procFields("/proc/self/status")["VmHWM"] }

// ResetPeakResident makes the kernel measure the peak of the resident set anew, by
// clear_refs, and says whether the kernel allowed it.
func ResetPeakResident() bool {
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) == nil
}

// PrivateBytes returns the resident memory that holds no pages of files.
func PrivateBytes() int64 {
	f := procFields("/proc/self/status")
	return f["RssAnon"] + f["RssShmem"]
}

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
