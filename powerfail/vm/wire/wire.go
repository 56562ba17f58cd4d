// Package wire is what the host and the init of the guest say to each other: the
// host sends one [Request] a line as JSON, the guest answers each with one
// [Response], in order. The first line of a guest is the empty Response: it is
// ready.
//
// All decisions are the host's. The guest only does what a process outside of it
// cannot: mount, start processes, set up device-mapper tables.
package wire

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// Names of the virtio-serial ports.
const (
	ControlPort = "lsmlab.control" // requests and responses
	WorkerPort  = "lsmlab.worker"  // standard input and output of the process of Start
)

// Exited is the line on WorkerPort after the last one of a process that ended.
const Exited = "exited"

// Request asks for one thing: just one field is set.
type Request struct {
	Mount    *Mount   `json:",omitempty"`
	Unmount  string   `json:",omitempty"` // directory
	Write    *File    `json:",omitempty"`
	Run      *Command `json:",omitempty"` // to its end; its output is in the response
	Start    *Command `json:",omitempty"` // with WorkerPort as standard input and output
	Wait     bool     `json:",omitempty"` // for the started process; its status is in the response
	Map      *Map     `json:",omitempty"` // a new device-mapper device; its path is in the response
	Remap    *Map     `json:",omitempty"` // another table for that device, in one step
	Unmap    string   `json:",omitempty"` // name of a device-mapper device to remove
	Message  *Message `json:",omitempty"`
	Drop     string   `json:",omitempty"` // block device whose cached pages are written and dropped
	PowerOff bool     `json:",omitempty"` // at once, nothing is synced
}

// Mount mounts Device on Dir, which is made if it is missing.
type Mount struct {
	Device, Dir, FS, Options string
	ReadOnly                 bool
}

// File is a file to write.
type File struct {
	Path string
	Data []byte
}

// Command is a program and its arguments.
type Command struct {
	Args []string
	Env  []string
}

// Map is a device-mapper device with one target over its whole length.
type Map struct {
	Name    string
	Sectors uint64 // of 512 bytes
	Target  string // "flakey"
	Params  string
}

// Message is a message to the target of a device-mapper device.
type Message struct{ Device, Text string }

// Response answers one Request.
type Response struct {
	Err    string `json:",omitempty"`
	Path   string `json:",omitempty"`
	Output []byte `json:",omitempty"` // standard output
	Stderr []byte `json:",omitempty"` // its last part
	Exit   int    `json:",omitempty"` // exit status; -1 if a signal ended the process
}

// Conn sends and receives lines. It is used by one goroutine at a time.
type Conn struct {
	w io.Writer
	r *bufio.Reader
}

// NewConn returns a connection over rw.
func NewConn(rw io.ReadWriter) *Conn { return &Conn{rw, bufio.NewReader(rw)} }

// Send writes v as one line.
func (c *Conn) Send(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.w.Write(append(line, '\n'))
	return err
}

// Receive reads one line into v.
func (c *Conn) Receive(v any) error {
	line, err := c.r.ReadBytes('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("%w in line %.80q", err, line)
	}
	return nil
}
