package lsm

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// killedDir names the store that a process of TestKilled writes.
const killedDir = "LSM_TEST_KILLED_DIR"

const killedWriters = 8

func killedOptions() Options {
	return Options{MemTableSize: 1 << 20, WALSegmentSize: 256 << 10, WALPoolSize: 1 << 20, WALWrite: wal.Mapped}
}

func killedKey(writer, n int) []byte { return fmt.Appendf(nil, "%d-%09d", writer, n) }

// killedNext returns the number of the first write of writer that is not there.
func killedNext(db *DB, writer int) (n int) {
	for ; ; n++ {
		if _, err := db.Get(nil, killedKey(writer, n)); err != nil {
			return n
		}
	}
}

// TestKilled kills a process, again and again, whose writers store their records
// beside each other in a mapped WAL. What it has acknowledged is there after, and
// nothing without what came before it: of what each writer wrote one after the
// other no one is missing, and no LSN.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		writeUntilKilled(dir)
	}
	kills := 12
	if testing.Short() {
		kills = 3
	}
	rng := testseed.Rand(t)
	dir, torn := t.TempDir(), 0
	var written [killedWriters]int
	for kill := range kills {
		newest := killOne(t, dir, 20+rng.IntN(200), &written)
		report, err := Verify(vfs.OS, dir)
		if err != nil || len(report.Findings) > 0 {
			t.Fatalf("kill %d: verify: %v, %v", kill, report.Findings, err)
		}
		if report.WALTail != "" {
			torn++
		}
		db, err := Open(dir, killedOptions())
		if err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		if db.LSN() < newest {
			t.Errorf("kill %d: the newest LSN is %d, %d was acknowledged", kill, db.LSN(), newest)
		}
		var total int
		for w := range written {
			n := killedNext(db, w)
			if n < written[w] {
				t.Errorf("kill %d: write %d of writer %d is missing, %d were acknowledged", kill, n, w, written[w])
			}
			written[w] = n
			total += n
		}
		if lsn := db.LSN(); lsn != uint64(total) {
			t.Errorf("kill %d: %d writes are there, the newest LSN is %d", kill, total, lsn)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d kills left records behind one that was not stored", torn, kills)
}

// writeUntilKilled writes the store at dir and says what is acknowledged.
func writeUntilKilled(dir string) {
	db, err := Open(dir, killedOptions())
	if err != nil {
		panic(err)
	}
	var wg sync.WaitGroup
	for w := range killedWriters {
		wg.Go(func() {
			var b kv.Batch
			for n := killedNext(db, w); ; n++ {
				b.Reset()
				b.Set(killedKey(w, n), make([]byte, 1+rand.IntN(15<<10))) // long, so that a kill meets one half stored
				lsn, err := db.ApplyLSN(&b, kv.Buffered)
				if err == nil && n%8 == 0 {
					_, err = fmt.Printf("acknowledged %d %d %d\n", w, n, lsn)
				}
				if err != nil {
					panic(err)
				}
			}
		})
	}
	wg.Wait()
}

// killOne runs the process until it has acknowledged so many writes, and kills it.
// It raises written to what was acknowledged and returns the newest LSN of that.
func killOne(t *testing.T, dir string, acknowledged int, written *[killedWriters]int) (newest uint64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$") // ends with the test too
	child.Env = append(os.Environ(), killedDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for i := 0; lines.Scan(); i++ { // to the end: what it said before it died counts
		var writer, n int
		var lsn uint64
		if _, err := fmt.Sscanf(lines.Text(), "acknowledged %d %d %d", &writer, &n, &lsn); err != nil {
			t.Fatalf("the process says %q", lines.Text())
		}
		written[writer] = max(written[writer], n+1)
		newest = max(newest, lsn)
		if i == acknowledged {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
	return newest
}
