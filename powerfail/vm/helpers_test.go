package vm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/testneed"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/vm/kernel"
)

// asProgram makes the test binary the program in the guest.
const asProgram = "LSMLAB_VM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(inGuest(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// inGuest is a worker and a check with the protocol of the real ones.
func inGuest(args []string) int {
	switch args[0] {
	case "worker":
		if err := testWorker(slices.Contains(args, unsynced)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "check":
		return testCheck(args[1])
	}
	return 0
}

// unsynced is the argument of a worker whose file system lies about the WAL.
const unsynced = "unsynced"

func openStore(fs vfs.FS) (kv.Engine, error) {
	return engines.Open("lsm-bptree", StoreDir, engines.Options{Small: true, FS: fs})
}

func openSound() (kv.Engine, error) { return openStore(nil) }

func openUnsynced() (kv.Engine, error) {
	return openStore(vfs.NewInject(vfs.OS, func(op vfs.Op) vfs.Fault {
		sync := op.Kind == vfs.OpSync || op.Kind == vfs.OpSyncData
		return vfs.Fault{Lie: sync && filepath.Ext(op.Path) == ".wal"}
	}))
}

func testWorker(lies bool) error {
	open := openSound
	if lies {
		open = openUnsynced
	}
	text, err := os.ReadFile(ProgramFile)
	if err != nil {
		return err
	}
	p, err := program.Parse(string(text))
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	say := func(what string, id int) {
		fmt.Println(what, id)
		_, _ = in.ReadByte()
	}
	r := program.Runner{
		Open:  open,
		Begin: func(id int, _ *program.Step, _ *kv.Batch) { say("begin", id) },
		Ack:   func(id int) { say("ack", id) },
		Abort: func(id int) { say("abort", id) },
	}
	return r.Run(p)
}

func testCheck(position string) int {
	f, err := os.Open(HistoryFile)
	if err != nil {
		panic(err)
	}
	h, err := oracle.DecodeHistory(f)
	if err != nil {
		panic(err)
	}
	x, err := h.Index()
	if err != nil {
		panic(err)
	}
	p, err := strconv.ParseInt(position, 10, 64)
	if err != nil {
		panic(err)
	}
	v := x.NewChecker().Check(openSound, oracle.Cut{Position: p})
	_ = json.NewEncoder(os.Stdout).Encode(v)
	if v.Broken != nil {
		return 1
	}
	return 0
}

// testLab returns a lab whose program is this test binary.
func testLab(t testing.TB) *Lab {
	t.Helper()
	if testing.Short() {
		t.Skip("boots machines, in which a program with the race detector takes minutes: run without -short")
	}
	needs(t, QEMU, "qemu-system-x86")
	cache, err := kernel.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range kernel.Names() {
		if _, err := kernel.Find(cache, name); err != nil {
			testneed.Missing(t, err)
		}
	}
	init := filepath.Join(t.TempDir(), "init")
	build := exec.Command("go", "build", "-o", init, "./guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLab(t.Context(), Options{Program: self, Env: []string{asProgram + "=1"}, Init: init})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func needs(t testing.TB, program, install string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		testneed.Missing(t, fmt.Sprintf("%v: install the package %s, or run `make packages`", err, install))
	}
}

func testWorkload(writes, states int) Workload {
	return Workload{
		Worker: []string{"worker"}, Check: []string{"check"}, States: states, Seed: 1,
		Program:   program.Generate(1, program.Shape{Durability: kv.Synced, Writes: writes}),
		LogHeader: wal.IsSegment,
	}
}
