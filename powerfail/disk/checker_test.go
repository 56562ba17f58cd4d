package disk

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/internal/tiertest"
	"lsmlab/powerfail/subject"
)

// noFileSystem is a log of n writes to a disk without a file system.
func noFileSystem(t testing.TB, n int) *blocklog.Log {
	t.Helper()
	var file bytes.Buffer
	r := blocklog.NewRecorder(&file, 1<<20)
	r.Mark(markStart)
	for i := range n {
		r.Done(r.Write(0, bytes.Repeat([]byte{byte(i + 1)}, blocklog.BlockSize), false))
		r.Done(r.Flush())
	}
	r.Mark(markEnd)
	tiertest.Check(t, r.Close())
	return tiertest.Must(blocklog.Decode(file.Bytes()))(t)
}

// A state that the kernel does not mount is no finding and no checked state. Where
// most are so, the environment is broken, which is said.
func TestRefused(t *testing.T) {
	kind := fileSystem(t, "ext4")
	s := stage(t)
	for n, want := range map[int]string{5: "", 50: "the kernel refuses to mount 50 of 50 states"} {
		why := ""
		x := Exploration{
			Stage: s, Log: noFileSystem(t, n), Kind: kind, Profile: explore.DropAll, States: int64(n),
			Judge:     func() Judge { return NewOwnJudge(s, subject.Program{Check: "true"}, &blocklog.Log{}) },
			OnRefused: func(text string) { why = text },
		}
		counts, found, err := x.Run(context.Background())
		if found != nil || counts.Distinct != 0 || counts.Refused != int64(n) || !strings.Contains(why, "mount ext4") {
			t.Errorf("%d states: %+v, %+v, %q", n, counts, found, why)
		}
		if got := errorText(err); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%d states: error %q, want %q", n, got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A check that fails once and not again makes no finding: nothing would show it.
func TestUnconfirmed(t *testing.T) {
	kind := fileSystem(t, "ext4")
	s := stage(t)
	l := recorded(t, s, kind, careful)
	failed := filepath.Join(t.TempDir(), "failed")
	judge := NewOwnJudge(s, subject.Program{Check: "[ -e " + failed + " ] || { touch " + failed + "; echo once; exit 1; }; :"}, l)
	doubts := 0
	x := Exploration{Stage: s, Log: l, Kind: kind, Judge: func() Judge { return judge }, Profile: explore.DropAll, States: 10, OnDoubt: func(string) { doubts++ }}
	counts, found, err := x.Run(context.Background())
	if err != nil || found != nil || counts.Unconfirmed != 1 || doubts != 1 {
		t.Errorf("%+v, %+v, %v", counts, found, err)
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{"write:3": "write:3", "sync:1": "sync:1", "enospc:64K": "enospc:65536", "enospc:1M": "enospc:1048576"} {
		f, err := ParseFault(text)
		if err != nil || f.String() != want {
			t.Errorf("%s: %s, %v", text, f, err)
		}
	}
	for _, text := range []string{"", "write", "write:0", "write:x", "read:1", "write:3K", "enospc:-1"} {
		if _, err := ParseFault(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
