package chaos

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"lsmlab/powerfail/faults"
)

var update = flag.Bool("update", false, "write the golden files again")

// render returns the resources of the fault file at path.
func render(t *testing.T, path string, opts Options) []client.Object {
	t.Helper()
	f, err := faults.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := Render(f, opts)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func write(t *testing.T, objects []client.Object) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, objects); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden holds the resources of fault files to files in testdata, reads these
// back, and demands the objects that were written, byte for byte when they are
// written again. The library and the linter must have nothing against them, but
// for the source's experiment: its correlation has no jitter.
func TestGolden(t *testing.T) {
	source := filepath.Join("..", "faults", "testdata", "source.json")
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d fault files: %v", len(files), err)
	}
	for _, path := range append(files, source) {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			objects := render(t, path, Options{Namespace: "lab", Labels: map[string]string{"run": "7"}})
			got := write(t, objects)
			golden := filepath.Join("testdata", name+".golden.yaml")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			back, err := Read([]byte(got))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got, "partitionBehavior") {
				t.Error("partitionBehavior is written, which older resource definitions refuse")
			}
			if diff := cmp.Diff(objects, back); diff != "" {
				t.Errorf("reads back as (-written +read)\n%s", diff)
			}
			if diff := cmp.Diff(got, write(t, back)); diff != "" {
				t.Errorf("is written again as (-first +second)\n%s", diff)
			}
			for _, obj := range back {
				if err := Validate(obj); err != nil {
					t.Error(err)
				}
				if found := Lint(obj); len(found) > 0 && path != source {
					t.Errorf("found %v", found)
				}
			}
		})
	}
}

// TestSource: the experiment that the project started from has a correlation that
// Chaos Mesh drops, and the linter says so.
func TestSource(t *testing.T) {
	objects := render(t, filepath.Join("..", "faults", "testdata", "source.json"), Options{Namespace: "lab"})
	found := Lint(objects[0])
	want := `NetworkChaos slow-dependency-slow: spec.delay.correlation: "25": the daemon drops a correlation without a jitter`
	if len(found) != 1 || !strings.HasPrefix(found[0].String(), want) {
		t.Errorf("found %v, want %s", found, want)
	}
}

// TestKinds: what the golden files show covers every kind of resource of this
// package's promise, and every kind of fault that Chaos Mesh has.
func TestKinds(t *testing.T) {
	left := map[string]bool{
		"NetworkChaos": true, "IOChaos": true, "PodChaos": true, "TimeChaos": true, "StressChaos": true, "Schedule": true, "Workflow": true,
	}
	kinds := make(map[faults.Kind]bool)
	for _, name := range []string{"every-kind", "repeated", "campaign"} {
		path := filepath.Join("testdata", name+".json")
		for _, obj := range render(t, path, Options{Namespace: "lab"}) {
			delete(left, kindOf(obj))
		}
		f, err := faults.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range f.Faults {
			kinds[fault.Kind] = true
		}
	}
	if len(left) > 0 {
		t.Errorf("no golden file of %v", left)
	}
	for _, k := range faults.Kinds() {
		if refused := k == faults.KindStop || k == faults.KindPowerCut; kinds[k] == refused {
			t.Errorf("kind %s is in a golden file: %v", k, kinds[k])
		}
	}
}

// TestRefused: faults that no resource stands for are errors, not another fault.
func TestRefused(t *testing.T) {
	const target = `"target": {"labels": {"app": "db"}}`
	for in, want := range map[string]string{
		`"name": "hold", "kind": "stop", "duration": "1m", ` + target:          `fault hold: kind "stop": Chaos Mesh holds no process`,
		`"name": "power", "kind": "power-cut", ` + target:                      `fault power: kind "power-cut": Chaos Mesh cuts no power`,
		`"name": "power", "kind": "power-cut", "start": "1m", ` + target:       `fault power: kind "power-cut"`,
		`"name": "kill", "kind": "kill", "target": {"labels": {"run": "8"}}`:   `fault kill: label run: the target has "8" and the selector "7"`,
		`"name": "` + strings.Repeat("a", 50) + `", "kind": "kill", ` + target: `the name has 65 characters: want at most 63`,
	} {
		f, err := faults.Parse([]byte(`{"name": "refused-things", "faults": [{` + in + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Render(f, Options{Namespace: "lab", Labels: map[string]string{"run": "7"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", in, err, want)
		}
	}
}

// TestRead: what is not of Chaos Mesh is an error that says where.
func TestRead(t *testing.T) {
	for in, want := range map[string]string{
		"apiVersion: v1\nkind: Pod\n":                                                                `document 1: apiVersion "v1": want "chaos-mesh.org/v1alpha1"`,
		"apiVersion: chaos-mesh.org/v1alpha1\nkind: NetChaos\n":                                      `document 1: kind "NetChaos": no such kind`,
		"# nothing\n---\napiVersion: chaos-mesh.org/v1alpha1\nkind: TimeChaos\nspec: {offset: 1s}\n": `document 2: TimeChaos: unknown field "spec.offset"`,
		"{": `document 1: `,
	} {
		if _, err := Read([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", in, err, want)
		}
	}
}
