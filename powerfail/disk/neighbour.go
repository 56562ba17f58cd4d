package disk

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// neighbourName is the directory of a neighbour, beside that of the store.
const neighbourName = "neighbour"

// neighbour is another user of a recorded file system: all the time it makes, appends
// to, syncs and removes files of its own, and syncs the whole file system. Each of its
// syncs makes durable what the kernel has of the store at that moment, such as half an
// append, which a store alone on its disk never leaves.
//
// Where a program writes twice before it syncs, the moment between is a few
// microseconds of the milliseconds that the sync takes. So the neighbour stops the
// program for most of its syncs, as a scheduler may stop any process at any moment. It
// lets the program go on until the program has just written something, or for a moment
// that it draws, often a very short one.
//
// A neighbour ignores errors: the disk may be full, or may be meant to fail.
type neighbour struct {
	mounted string
	seed    uint64

	mu      sync.Mutex
	group   int // the workload's process group, 0 before there is one
	stop    chan struct{}
	stopped sync.WaitGroup
}

// The habits of a neighbour.
const (
	neighbourFiles = 4    // that it has at once
	neighbourMost  = 6000 // bytes of an append
	shortMoments   = 400  // between two stops, once the workload writes
	shortLeast     = time.Microsecond
	shortMost      = 500 * time.Microsecond
	watchMost      = 4 * time.Millisecond // for a write
	// The neighbour's work is at most this part of its running time, so that its operations
	// do not fill a long recording.
	longPart = 20
	longMost = 50 * time.Millisecond
)

func (n *neighbour) begin() {
	n.stop = make(chan struct{})
	n.stopped.Go(n.live)
}

// end stops the neighbour, if it was started.
func (n *neighbour) end() {
	if n.stop != nil {
		close(n.stop)
		n.stopped.Wait()
	}
}

// meet sets the process group of the workload.
func (n *neighbour) meet(group int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.group = group
}

// signal sends a signal to the workload, if there is one.
func (n *neighbour) signal(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.group > 0 {
		_ = syscall.Kill(-n.group, s) // it may be over
	}
}

func (n *neighbour) live() {
	rng := rand.New(rand.NewPCG(n.seed, 2))
	dir := filepath.Join(n.mounted, neighbourName)
	_ = os.Mkdir(dir, 0o755)
	w := watcher{dir: filepath.Join(n.mounted, StoreName)}
	w.look()
	began, writes, short := time.Now(), false, 0
	for i := 0; ; i++ {
		n.disturb(rng, dir, i)
		writes = writes || w.look()
		switch way := rng.IntN(4); {
		case !writes || short == shortMoments || way == 0:
			time.Sleep(time.Duration(min(rng.Int64N(1+int64(time.Since(began))/longPart), int64(longMost))))
		case way == 1:
			short++
			spin(shortMost, rng)
		default:
			short++
			for start := time.Now(); !w.look() && time.Since(start) < watchMost; {
			}
			if rng.IntN(2) == 0 { // until the next write, maybe
				spin(shortMost/10, rng)
			}
		}
		select {
		case <-n.stop:
			return
		default:
		}
	}
}

// spin busy-waits for a random time, of which each order of magnitude is equally likely. It
// does not sleep, because a sleep cannot be that short.
func spin(most time.Duration, rng *rand.Rand) {
	span := math.Log(float64(most) / float64(shortLeast))
	moment := time.Duration(float64(shortLeast) * math.Exp(rng.Float64()*span))
	for start := time.Now(); time.Since(start) < moment; {
	}
}

// watcher finds out whether the files of a directory have changed. It remembers the file that
// was written to last, and looks only at that file and at the directory.
type watcher struct {
	dir      string
	entries  int64 // when the directory was changed
	name     string
	size     int64
	modified int64
}

// look says whether something has changed since the last look.
func (w *watcher) look() bool {
	var dir, file unix.Stat_t
	if unix.Stat(w.dir, &dir) != nil {
		return false
	}
	if w.name != "" && unix.Stat(w.name, &file) == nil && (file.Size != w.size || file.Mtim.Nano() != w.modified) {
		w.size, w.modified = file.Size, file.Mtim.Nano()
		return true
	}
	if dir.Mtim.Nano() == w.entries {
		return false
	}
	w.entries = dir.Mtim.Nano()
	w.find()
	return true
}

// find finds the file that was written to last.
func (w *watcher) find() {
	entries, _ := os.ReadDir(w.dir) // what fails is let pass
	w.modified = 0
	for _, e := range entries {
		var file unix.Stat_t
		name := filepath.Join(w.dir, e.Name())
		if unix.Stat(name, &file) == nil && file.Mtim.Nano() >= w.modified {
			w.name, w.size, w.modified = name, file.Size, file.Mtim.Nano()
		}
	}
}

// disturb writes to a file and syncs it, or everything, mostly while the workload is
// stopped.
func (n *neighbour) disturb(rng *rand.Rand, dir string, i int) {
	name := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%d", i/8)) }
	if rng.IntN(8) > 0 {
		n.signal(syscall.SIGSTOP)
		defer n.signal(syscall.SIGCONT)
	}
	f, err := os.OpenFile(name(i), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	_, _ = f.Write(make([]byte, 1+rng.IntN(neighbourMost)))
	if rng.IntN(2) == 0 {
		_ = unix.Syncfs(int(f.Fd()))
	} else {
		_ = f.Sync()
	}
	if i%8 == 0 && i/8 >= neighbourFiles {
		_ = os.Remove(name(i - 8*neighbourFiles))
	}
}
