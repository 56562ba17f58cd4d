// Package qmp speaks the QEMU Machine Protocol as far as crashing a machine
// needs it: commands and their answers. Events are skipped.
package qmp

import (
	"encoding/json"
	"fmt"
	"io"
)

// Client is a connection to one QEMU. It is used by one goroutine at a time.
type Client struct {
	enc *json.Encoder
	dec *json.Decoder
}

// message is anything that QEMU says; just one field is set.
type message struct {
	QMP    json.RawMessage `json:"QMP"`
	Return json.RawMessage `json:"return"`
	Error  *Error          `json:"error"`
	Event  string          `json:"event"`
}

// Error is a command that QEMU refused.
type Error struct {
	Command string `json:"-"`
	Class   string `json:"class"`
	Desc    string `json:"desc"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("qmp %s: %s: %s", e.Command, e.Class, e.Desc)
}

// New greets the QEMU at the other end of rw and leaves the mode in which it
// takes no other command.
func New(rw io.ReadWriter) (*Client, error) {
	c := &Client{json.NewEncoder(rw), json.NewDecoder(rw)}
	var greeting message
	if err := c.dec.Decode(&greeting); err != nil {
		return nil, fmt.Errorf("qmp greeting: %w", err)
	}
	if greeting.QMP == nil {
		return nil, fmt.Errorf("qmp: the other end does not greet as QEMU does")
	}
	return c, c.Do("qmp_capabilities", nil, nil)
}

// Do runs one command and waits for its answer, which is decoded into result
// unless that is nil. Arguments are anything that encodes as a JSON object, or nil.
func (c *Client) Do(command string, arguments, result any) error {
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := c.enc.Encode(request); err != nil {
		return fmt.Errorf("qmp %s: %w", command, err)
	}
	for {
		var m message
		if err := c.dec.Decode(&m); err != nil {
			return fmt.Errorf("qmp %s: %w", command, err)
		}
		switch {
		case m.Error != nil:
			m.Error.Command = command
			return m.Error
		case m.Return != nil && result != nil:
			return json.Unmarshal(m.Return, result)
		case m.Return != nil:
			return nil
		}
	}
}
