package model

import (
	"bytes"
	"testing"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
)

// What is not needed is given back, also when that opens other choices: a file that is
// found longer has more blocks at stake, and what is lost of the next file is still
// the same.
func TestShrink(t *testing.T) {
	m := vfs.NewMem()
	for _, name := range []string{"/long", "/needed"} {
		f, err := m.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		for at := int64(0); at < 9*4096; at += 4096 {
			if _, err := f.WriteAt(bytes.Repeat([]byte{1}, 4096), at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	size := func(s State) int64 {
		info, err := s.Disk.Lstat("/needed")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size
	}
	s := State{CrashOptions: vfs.CrashOptions{Strict: true, BlockSize: 512}}
	s.Make(m, func(site vfs.CrashSite, n int) int {
		if site.Kind == vfs.SiteSize {
			return n / 3 // of both files
		}
		return 0
	})
	s = Shrink(m, s, func(s State) bool { return size(s) == 3*4096 })
	var lost []string
	s.EachLoss(m, func(site vfs.CrashSite, got, n int) { lost = append(lost, Outcome(site, got, n)) })
	if len(lost) != 1 || lost[0] != "size of /needed: only 3 of 9 changes since the last sync are there" {
		t.Errorf("lost %q", lost)
	}
	if again := s.Again(m); size(again) != 3*4096 || len(again.Choices) != len(s.Choices) {
		t.Error("its choices give another state")
	}
	s.Make(m, explore.Newest[vfs.CrashSite])
	if s = Shrink(m, s, func(State) bool { return true }); len(s.Choices) == 0 {
		t.Error("a state that lost nothing became another")
	}
}
