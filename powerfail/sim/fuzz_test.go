package sim

import (
	"context"
	"fmt"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/program"
)

// input hands out the bytes of a fuzzer, and zeros behind their end.
type input []byte

func (in *input) next() int {
	if len(*in) == 0 {
		return 0
	}
	b := (*in)[0]
	*in = (*in)[1:]
	return int(b)
}

// program reads the steps of a program, up to 40.
func (in *input) program(d kv.Durability) *program.Program {
	p := &program.Program{Durability: d}
	for range in.next() % 40 {
		switch code := in.next(); code % 16 {
		case 0:
			p.Steps = append(p.Steps, program.Step{Kind: program.Flush})
		case 1:
			p.Steps = append(p.Steps, program.Step{Kind: program.Compact})
		case 2:
			p.Steps = append(p.Steps, program.Step{Kind: program.Reopen})
		case 3, 4:
			p.Steps = append(p.Steps, in.txnStep(code/16, d))
		default:
			s := program.Step{Durability: kv.Durability(code/16) % (d + 1)}
			for range 1 + code%16/6 {
				key := in.next()
				s.Ops = append(s.Ops, program.Op{Key: fmt.Sprint("k", key%8), Delete: key >= 200, Size: key * key / 16})
			}
			p.Steps = append(p.Steps, s)
		}
	}
	return p
}

// txnStep reads a step of one of two transactions.
func (in *input) txnStep(code int, d kv.Durability) program.Step {
	key := in.next()
	s := program.Step{Kind: program.Begin + program.Kind(code/2)%6, Txn: code % 2, Durability: d}
	switch s.Kind {
	case program.Begin:
		s.Level = kv.Isolations()[key%3]
	case program.Get:
		s.Key = fmt.Sprint("k", key%8)
	case program.Scan:
		s.Key, s.Upper = fmt.Sprint("k", key%8), "l"
	case program.TxnWrite:
		s.Ops = []program.Op{{Key: fmt.Sprint("k", key%8), Delete: key >= 200, Size: key * key / 16}}
	}
	return s
}

// FuzzCrash lets the fuzzer choose an engine of the covering set, a program, the
// operation at which it is crashed, what that crash leaves, and then the same for the run
// that follows: a crash of the recovery, or of the writes after it.
func FuzzCrash(f *testing.F) {
	covering := append(engines.Own(), engines.Covering(kv.Synced)...)
	for i := range covering {
		for _, seed := range []string{
			"\x00", "\x00\x01\x05\x30\x05", "\x00\x09\x20\x03\x00\x63\x01\x13\x00\x73\x01\x63\x02\x83\x00\x93\x00\x13\x00",
			"\x01\x08\x20\x25\x00\x25\x30\x31\x02\x13\x40\x50\x60\x01\x25\x26\x30\xff\x00\x01\x02",
		} {
			f.Add(append([]byte{byte(i)}, seed...))
		}
	}
	testseed.Inputs(f, 20, 300)
	f.Fuzz(func(t *testing.T, data []byte) {
		in := input(data)
		engine := covering[in.next()%len(covering)]
		mode := in.next()
		d := []kv.Durability{kv.Synced, kv.Buffered}[mode%2] // on a mapped log
		s := Scenario{Profile: explore.PosixStrict, Depth: 2, States: 100, Seed: uint64(in.next()), Program: in.program(d)}
		x := newExplorer(context.Background(), opener(t, engine), s)
		cuts := []int64{int64(in.next()), int64(in.next())} // the operation of each run at which it is crashed
		x.nest = 1
		x.visit = func(r *run, label string) {
			at := cuts[r.depth-1]
			if label != "end dir" && r.position != at {
				return
			}
			crash := model.State{CrashOptions: vfs.CrashOptions{
				Strict: mode&2 == 0, BlockSize: []int{512, 4096}[mode>>2&1], ProcessCrash: mode>>r.depth&8 != 0,
			}}
			crash.Garbage = crash.Strict && mode&128 != 0
			crash.Make(r.disk, func(_ vfs.CrashSite, n int) int { return in.next() % n })
			r.judge(&crash, label)
		}
		if err := x.explore(); err != nil {
			t.Fatal(err)
		}
		if x.finding != nil {
			t.Fatalf("%s: mode %#x, cuts at %d:\n%s", engine, mode, cuts, show(s, x.finding))
		}
	})
}
