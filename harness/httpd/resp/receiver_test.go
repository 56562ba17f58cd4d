package resp

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/tidwall/redcon"

	"lsmlab/engines/testseed"
)

const limit = 1 << 20

// received returns the commands of a stream and what ended it.
func received(in io.Reader) (commands [][]string, end error) {
	r := &receiver{in: in}
	for {
		if err := r.fill(limit); err != nil {
			return commands, err
		}
		for {
			args, ok, err := r.next()
			if err != nil {
				return commands, err
			}
			if !ok {
				break
			}
			command := []string{}
			for _, arg := range args {
				command = append(command, string(arg))
			}
			commands = append(commands, command)
		}
	}
}

// encoded returns a command as clients send it.
func encoded(args ...string) []byte {
	b := redcon.AppendArray(nil, len(args))
	for _, arg := range args {
		b = redcon.AppendBulkString(b, arg)
	}
	return b
}

// TestReceiver: how the network cuts a stream changes nothing.
func TestReceiver(t *testing.T) {
	want := [][]string{
		{"GET", "k"},
		{},
		{"SET", "k\r\n", strings.Repeat("v", 3*smallestBuffer)},
		{"PING"},
		{"GET", ""},
		slices.Repeat([]string{"MGET"}, 200),
	}
	var stream []byte
	for i, command := range want {
		if i == 3 {
			stream = append(stream, "PING\r\n"...)
		} else {
			stream = append(stream, encoded(command...)...)
		}
	}
	for name, in := range map[string]io.Reader{
		"whole":   bytes.NewReader(stream),
		"by byte": iotest.OneByteReader(bytes.NewReader(stream)),
		"halves":  iotest.HalfReader(bytes.NewReader(stream)),
	} {
		got, err := received(in)
		if !slices.EqualFunc(got, want, slices.Equal) || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %d commands, %v, want %d", name, len(got), err, len(want))
		}
	}
}

// TestReceiverMemory: what a large command took is given back, with the commands
// after it.
func TestReceiverMemory(t *testing.T) {
	large := encoded("SET", "k", strings.Repeat("v", 8<<20))
	in := &receiver{in: io.MultiReader(bytes.NewReader(large), bytes.NewReader(encoded("GET", "k")))}
	var freed atomic.Bool
	for seen := 0; seen < 2; {
		if err := in.fill(limit << 4); err != nil {
			t.Fatal(err)
		}
		if args, ok, err := in.next(); err != nil {
			t.Fatal(err)
		} else if ok {
			if seen++; seen == 1 {
				runtime.AddCleanup(&args[2][0], func(*atomic.Bool) { freed.Store(true) }, &freed)
			}
		}
	}
	for !freed.Load() {
		runtime.GC()
	}
	runtime.KeepAlive(in)
}

// FuzzReceiver: bytes of any kind give the same commands however they are cut,
// the first of them being what redcon's own reader makes of it, if it takes it.
func FuzzReceiver(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nGET\r\n$-7\r\nk\r\n"))
	f.Add([]byte("*-1\r\nPING\r\n*0\r\n$4 PING\r\n"))
	f.Add([]byte("$9223372036854775807 X\r\n"))
	f.Add(append(encoded("SET", "k", "v"), encoded("GET", "k")...))
	testseed.Damaged(f, 50, append(encoded("SET", "k", "v"), encoded("GET", "k")...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, err := received(bytes.NewReader(stream))
		cut, cutErr := received(iotest.OneByteReader(bytes.NewReader(stream)))
		if !slices.EqualFunc(whole, cut, slices.Equal) || err.Error() != cutErr.Error() {
			t.Fatalf("%q, %v; cut %q, %v", whole, err, cut, cutErr)
		}
		if !bytes.HasPrefix(stream, []byte("*")) || len(whole) == 0 {
			return
		}
		command, err := redcon.NewReader(bytes.NewReader(stream)).ReadCommand()
		if err != nil || len(whole[0]) == 0 {
			return
		}
		var args []string
		for _, arg := range command.Args {
			args = append(args, string(arg))
		}
		if !slices.Equal(args, whole[0]) {
			t.Fatalf("%q, redcon has %q", whole[0], args)
		}
	})
}
