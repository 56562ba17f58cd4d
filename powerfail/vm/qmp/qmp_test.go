package qmp

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"testing"
)

// qemu plays the other end: it greets, and answers each line by the next answer.
func qemu(t *testing.T, greeting string, answers ...string) net.Conn {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	go func() {
		defer theirs.Close()
		lines := bufio.NewScanner(theirs)
		if _, err := theirs.Write([]byte(greeting + "\n")); err != nil {
			return
		}
		for _, a := range answers {
			if !lines.Scan() {
				return
			}
			if _, err := theirs.Write([]byte(a + "\n")); err != nil {
				return
			}
		}
	}()
	return ours
}

const (
	greeting = `{"QMP": {"version": {"qemu": {"major": 7}}}}`
	fine     = `{"return": {}}`
)

func TestDo(t *testing.T) {
	c, err := New(qemu(t, greeting, fine,
		`{"event": "STOP", "timestamp": {"seconds": 1}}`+"\n"+fine,
		`{"return": {"status": "completed"}}`,
		`{"error": {"class": "GenericError", "desc": "no such disk"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Do("stop", nil, nil); err != nil {
		t.Errorf("an event before the answer: %v", err)
	}
	var state struct{ Status string }
	if err := c.Do("query-migrate", nil, &state); err != nil || state.Status != "completed" {
		t.Errorf("result %+v, %v", state, err)
	}
	err = c.Do("blockdev-add", map[string]any{"driver": "raw"}, nil)
	var refused *Error
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "blockdev-add") || !strings.Contains(err.Error(), "no such disk") {
		t.Errorf("a refused command: %v", err)
	}
	if err := c.Do("quit", nil, nil); err == nil {
		t.Error("no error though QEMU is gone")
	}
}

func TestNotQEMU(t *testing.T) {
	if _, err := New(qemu(t, `{"hello": "world"}`)); err == nil {
		t.Error("no error")
	}
}
