package kernel

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/u-root/u-root/pkg/cpio"

	"lsmlab/engines/testneed"
)

func TestPinned(t *testing.T) {
	if got := Names(); !slices.Equal(got, []string{"6.1", "6.12"}) {
		t.Errorf("pinned kernels %q", got)
	}
	for _, k := range Pinned() {
		if !strings.HasPrefix(k.release(), k.Name+".") || len(k.SHA256) != 64 {
			t.Errorf("%+v: release %s", k, k.release())
		}
	}
	if _, err := parsePinned("6.1 package\n"); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a line of two fields: %v", err)
	}
}

func TestFindSaysHowToFetch(t *testing.T) {
	if _, err := Find(t.TempDir(), "6.1"); err == nil || !strings.Contains(err.Error(), "make kernels") {
		t.Errorf("an empty cache: %v", err)
	}
	if _, err := Find(t.TempDir(), "2.4"); err == nil || !strings.Contains(err.Error(), "6.12") {
		t.Errorf("an unknown kernel: %v", err)
	}
}

// cached returns the kernels that were fetched on this machine.
func cached(t *testing.T) []Kernel {
	cache, err := CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	var kernels []Kernel
	for _, name := range Names() {
		k, err := Find(cache, name)
		if err != nil {
			testneed.Missing(t, err)
		}
		kernels = append(kernels, k)
	}
	return kernels
}

// Every module comes after all that it needs, once.
func TestModuleOrder(t *testing.T) {
	for _, k := range cached(t) {
		modules, err := k.Modules("btrfs", "dm-flakey", "dm-log-writes", "xfs", "ext4")
		if err != nil {
			t.Fatal(err)
		}
		builtin, _, err := k.moduleFiles()
		if err != nil {
			t.Fatal(err)
		}
		loaded := map[string]bool{}
		for _, m := range modules {
			needs, err := dependencies(m.Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range needs {
				if n = moduleName(n); !loaded[n] && !builtin[n] {
					t.Errorf("kernel %s: %s is loaded before %s", k.Name, m.Name, n)
				}
			}
			if loaded[m.Name] {
				t.Errorf("kernel %s: %s twice", k.Name, m.Name)
			}
			loaded[m.Name] = true
		}
		for _, name := range []string{"btrfs", "dm_flakey", "dm_log_writes", "xfs"} {
			if !loaded[name] {
				t.Errorf("kernel %s: %s is missing", k.Name, name)
			}
		}
		if _, err := k.Modules("no_such"); err == nil || !strings.Contains(err.Error(), "no_such") {
			t.Errorf("kernel %s: an unknown module: %v", k.Name, err)
		}
	}
}

func TestDependenciesOfSomethingElse(t *testing.T) {
	if _, err := dependencies([]byte("no ELF object")); err == nil {
		t.Error("a text was taken for a module")
	}
}

func TestInitramfs(t *testing.T) {
	archive, err := Initramfs([]byte("init"), []Module{{"b", []byte("bb")}, {"a", []byte("aa")}}, []Module{{"c", []byte("cc")}})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	records, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.ReaderAt == nil {
			continue
		}
		content, err := io.ReadAll(io.NewSectionReader(r, 0, int64(r.FileSize)))
		if err != nil {
			t.Fatal(err)
		}
		found[r.Name] = string(content)
	}
	for name, want := range map[string]string{
		"init": "init", "lib/b.ko": "bb", "lib/a.ko": "aa", "lib/c.ko": "cc", "lib64": "tools/lib",
		"modules":       "/lib/b.ko\n/lib/a.ko\n", // in the order given
		"modules-later": "/lib/c.ko\n",
	} {
		if found[name] != want {
			t.Errorf("%s holds %q, want %q", name, found[name], want)
		}
	}
}
