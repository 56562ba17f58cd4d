package machine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Activity is what the whole machine has done since it started, as read at one
// time.
type Activity struct {
	at          time.Time
	busy, steal time.Duration // summed over cores
	own         time.Duration // CPU time of this process
	swapped     int64         // pages moved in and out
	throttled   int64         // thermal events of all cores
}

// ReadActivity reads the counters of the machine and of this process.
func ReadActivity() Activity {
	a := Activity{at: time.Now(), own: ProcessUsage().CPU()}
	if b, err := os.ReadFile("/proc/stat"); err == nil {
		line, _, _ := strings.Cut(string(b), "\n")
		a.busy, a.steal = parseCPULine(line)
	}
	vm := procFields("/proc/vmstat")
	a.swapped = vm["pswpin"] + vm["pswpout"]
	counts, _ := filepath.Glob("/sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count")
	for _, path := range counts {
		a.throttled += readInt(path)
	}
	return a
}

// Disturbance is what happened on the machine between two readings beside the work
// of this process.
type Disturbance struct {
	OtherCores float64 // cores that other processes used, on average
	StealCores float64 // cores that the hypervisor took, on average
	Swapped    int64   // pages moved in and out
	Throttled  int64   // times that a core was slowed down because of its heat
}

// Since returns what disturbed this process from the reading before until a.
func (a Activity) Since(before Activity) Disturbance {
	d := Disturbance{Swapped: a.swapped - before.swapped, Throttled: a.throttled - before.throttled}
	wall := a.at.Sub(before.at).Seconds()
	if wall <= 0 || a.busy == 0 {
		return d
	}
	// The kernel counts in ticks of 10 ms a core, so a short time can give less for
	// the whole machine than for this process.
	others := a.busy - before.busy - (a.own - before.own)
	d.OtherCores = max(0, others.Seconds()/wall)
	d.StealCores = (a.steal - before.steal).Seconds() / wall
	return d
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
	n, _ := strconv.ParseInt(trimmedFile(path), 10, 64)
	return n
}

// loadAverage returns the load average of the last minute.
func loadAverage() float64 {
	word, _, _ := strings.Cut(trimmedFile("/proc/loadavg"), " ")
	load, _ := strconv.ParseFloat(word, 64)
	return load
}
