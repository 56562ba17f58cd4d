package load

import (
	"sync"
	"time"

	"github.com/prometheus/procfs"

	"lsmlab/harness/result"
)

// reading is what /proc says at one time. For a process that has ended it has zeros.
type reading struct {
	at             time.Time
	server, client usage
	busy           float64 // CPU seconds of the whole machine
}

type usage struct {
	cpu float64 // seconds, user and system
	rss int64   // bytes
}

// watcher reads /proc for two processes every [result.LoadSampleInterval].
type watcher struct {
	pids     [2]int // server, client
	quit     chan struct{}
	wait     sync.WaitGroup
	readings []reading
}

func watch(server, client int) *watcher {
	w := &watcher{pids: [2]int{server, client}, quit: make(chan struct{})}
	w.wait.Go(func() {
		tick := time.NewTicker(result.LoadSampleInterval)
		defer tick.Stop()
		for {
			w.readings = append(w.readings, w.read())
			select {
			case <-w.quit:
				w.readings = append(w.readings, w.read())
				return
			case <-tick.C:
			}
		}
	})
	return w
}

// finish stops watching and returns what was read.
func (w *watcher) finish() []reading {
	close(w.quit)
	w.wait.Wait()
	return w.readings
}

func (w *watcher) read() reading {
	l := reading{at: time.Now(), server: readUsage(w.pids[0]), client: readUsage(w.pids[1])}
	if fs, err := procfs.NewDefaultFS(); err == nil {
		if s, err := fs.Stat(); err == nil {
			c := s.CPUTotal
			l.busy = c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ
		}
	}
	return l
}

func readUsage(pid int) usage {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return usage{}
	}
	s, err := p.Stat()
	if err != nil {
		return usage{}
	}
	return usage{s.CPUTime(), int64(s.ResidentMemory())}
}

// fillUsage sets the figures of a cell from what was read between two times. It returns
// the timelines, which start at the first of these times.
func fillUsage(c *result.LoadCell, readings []reading, from, to time.Time) []result.Series {
	cpu, client := result.Series{Name: result.SeriesCPU}, result.Series{Name: result.SeriesClientCPU}
	rss := result.Series{Name: result.SeriesRSS}
	var busy, length float64
	for i := 1; i < len(readings); i++ {
		a, b := readings[i-1], readings[i]
		seconds := b.at.Sub(a.at).Seconds()
		if b.at.Before(from) || a.at.After(to) || seconds < result.LoadSampleInterval.Seconds()/2 || b.server.cpu < a.server.cpu || b.client.cpu < a.client.cpu {
			continue
		}
		at := max(0, b.at.Sub(from))
		own, other := b.server.cpu-a.server.cpu, b.client.cpu-a.client.cpu
		cpu.Add(at, own/seconds)
		client.Add(at, other/seconds)
		rss.Add(at, float64(b.server.rss))
		c.CPUSeconds += own
		c.ClientCPU += other
		c.CPUPeakCores = max(c.CPUPeakCores, own/seconds)
		c.ClientCPUPeak = max(c.ClientCPUPeak, other/seconds)
		c.RSSPeakBytes = max(c.RSSPeakBytes, b.server.rss)
		busy += b.busy - a.busy - own - other
		length += seconds
	}
	if length > 0 {
		c.OtherCores = max(0, busy/length)
	}
	return []result.Series{cpu, client, rss}
}
