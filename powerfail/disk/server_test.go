package disk

import (
	"strings"
	"testing"
)

// A server that ends is an error that says what it said, whenever that is, and ends
// the work that needs it.
func TestServerEnds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	stage, err := NewStage()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	}()
	for command, want := range map[string]string{
		"exit 0":         "server of the toy: unexpected EOF",
		"echo oh no >&2": "unexpected EOF: oh no",
		"exit 3":         "exit status 3",
		"echo; read x":   "server of the toy: unexpected EOF",
		"echo; read x; exec >&-; echo late >&2; exit 4": "late",
	} {
		s, err := StartServer(stage, "toy", "sh", "-c", command)
		if strings.HasPrefix(command, "echo;") {
			if err != nil {
				t.Fatalf("%s: %v", command, err)
			}
			ctx, cancel := s.Guard(t.Context())
			err = s.Mark("x")
			<-ctx.Done()
			cancel()
			if closed := s.Close(); (closed != nil) != strings.Contains(command, "exit 4") {
				t.Errorf("%s: closed: %v", command, closed)
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "%!") {
			t.Errorf("%s: %v, want %q", command, err, want)
		}
	}
}
