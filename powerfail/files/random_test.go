package files

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Several goroutines do random operations on a recorded directory, each on names of
// its own and all in one directory. By the log, what is left after a kill at the end is
// what lies there (serveFor looks), and each state on the way can be made. A failure
// prints the seed.
func TestRandomOperations(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	l := serveFor(t, func(dir string) {
		var workers sync.WaitGroup
		for w := range 3 {
			workers.Go(func() {
				rng := rand.New(rand.NewPCG(seed, uint64(w)))
				for range 150 {
					randomOperation(rng, dir, fmt.Sprintf("w%d-", w))
				}
			})
		}
		workers.Wait()
	})
	stage := newStage(t)
	x := exploringLog(t, stage, l)
	x.States, x.Seed = 60, seed
	if f, counts := x.find(t); f != nil || counts.Distinct < 60 {
		t.Errorf("%+v, %+v", f, counts)
	}
}

// randomOperation does one operation, which may fail: names are few.
func randomOperation(rng *rand.Rand, dir, prefix string) {
	name := func() string { return filepath.Join(dir, prefix+string(rune('a'+rng.IntN(5)))) }
	switch rng.IntN(14) {
	case 0:
		_ = os.Rename(name(), name())
	case 1:
		_ = os.Link(name(), name())
	case 2:
		_ = os.Remove(name())
	case 3:
		_ = os.Symlink(prefix+"a", name())
	case 4:
		_ = os.Mkdir(name(), 0o755)
	case 5:
		_ = unix.Renameat2(unix.AT_FDCWD, name(), unix.AT_FDCWD, name(), unix.RENAME_EXCHANGE)
	case 6:
		_ = os.Truncate(name(), rng.Int64N(20000))
	case 7:
		if d, err := os.Open(dir); err == nil {
			_ = d.Sync()
			_ = d.Close()
		}
	default:
		flags := []int{0, os.O_APPEND, os.O_TRUNC, unix.O_DSYNC, os.O_EXCL}[rng.IntN(5)]
		f, err := os.OpenFile(name(), os.O_RDWR|os.O_CREATE|flags, 0o640)
		if err != nil {
			return
		}
		data := make([]byte, rng.IntN(9000))
		for i := range data {
			data[i] = byte(rng.IntN(256))
		}
		switch rng.IntN(5) {
		case 0:
			_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, rng.Int64N(9000), 1+rng.Int64N(9000))
		case 1:
			_ = unix.Fallocate(int(f.Fd()), 0, 0, 1+rng.Int64N(30000))
		default:
			_, _ = f.Write(data)
		}
		if rng.IntN(3) == 0 {
			_ = f.Sync()
		}
		_ = f.Close()
	}
}
