package vm

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The disk of the tools holds the program and all libraries that it names.
func TestPackTools(t *testing.T) {
	needs(t, "debugfs", "e2fsprogs")
	program, err := exec.LookPath("cat") // needs a library, and is small
	if err != nil {
		t.Fatal(err)
	}
	files, err := libraries(t.Context(), program)
	if err != nil || len(files) == 0 {
		t.Fatalf("libraries %q, %v", files, err)
	}
	disk, err := packTools(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	for from, to := range map[string]string{program: "lsmlab", files[0]: "lib/" + filepath.Base(files[0])} {
		out := filepath.Join(t.TempDir(), "out")
		if text, err := hostCommand(t.Context(), disk, "debugfs", "-R", "dump "+to+" "+out).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		want, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want the %d of %s (%v)", to, len(got), len(want), from, err)
		}
	}
	if _, err := packTools(t.Context(), "/no/such/program"); err == nil || !strings.Contains(err.Error(), "/no/such/program") {
		t.Errorf("a program that is not there: %v", err)
	}
}

// Each file system can be made in memory, and its image is not empty.
func TestFormat(t *testing.T) {
	for _, fs := range fileSystems {
		t.Run(fs.name, func(t *testing.T) {
			needs(t, fs.mkfs[0], fs.install)
			f, err := fs.format(t.Context(), memoryFile)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			image, err := readImage(f)
			if err != nil {
				t.Fatal(err)
			}
			if image.Size() != fs.size || image.Fingerprint() == 0 {
				t.Errorf("size %d, fingerprint %x", image.Size(), image.Fingerprint())
			}
		})
	}
}
