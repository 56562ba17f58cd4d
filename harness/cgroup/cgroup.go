// Package cgroup limits the memory of a process by a control group of its own, of version
// 1 or 2, whichever the machine has.
//
// Pages of files that the process reads and writes count towards the limit. So a store
// larger than the limit is larger than memory, however much the machine has.
package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Host is where a machine keeps its control groups. Its zero value is not for use.
type Host struct {
	limit  string // file of a group that limits memory
	swap   string // file of a group that limits swap
	noSwap string // what to write there; empty: the limit itself, which covers memory and swap
	own    string // directory of the group that this process is in
	root   string // directory of the first group
	v2     bool
}

// Find finds the control groups of this machine. proc is "/proc/self".
func Find(proc string) (*Host, error) {
	mounts, err := mountsOf(filepath.Join(proc, "mountinfo"))
	if err != nil {
		return nil, err
	}
	groups, err := os.ReadFile(filepath.Join(proc, "cgroup"))
	if err != nil {
		return nil, fmt.Errorf("a memory limit needs control groups: %w", err)
	}
	var unified *Host
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case hasWord(parts[1], "memory"):
			if m, ok := mounts["memory"]; ok {
				return m.host(parts[2], false), nil
			}
		case parts[0] == "0":
			if m, ok := mounts[""]; ok {
				unified = m.host(parts[2], true)
			}
		}
	}
	if unified != nil && hasMemory(filepath.Join(unified.root, "cgroup.controllers")) {
		return unified, nil
	}
	return nil, errors.New("a memory limit needs the memory controller of control groups, and neither a mount of version 1 nor one of version 2 has it: " +
		"run without a limit, or on a machine or in a container that mounts /sys/fs/cgroup")
}

// mount is one mounted hierarchy.
type mount struct{ root, point string }

func (m mount) host(group string, v2 bool) *Host {
	inside, err := filepath.Rel(m.root, group)
	if err != nil || strings.HasPrefix(inside, "..") { // the mount shows groups from this process's down
		inside = "."
	}
	h := &Host{own: filepath.Join(m.point, inside), root: m.point, v2: v2, limit: "memory.limit_in_bytes", swap: "memory.memsw.limit_in_bytes"}
	if v2 {
		h.limit, h.swap, h.noSwap = "memory.max", "memory.swap.max", "0"
	}
	return h
}

// mountsOf returns the mount of version 1's memory controller, as "memory", and that of
// version 2, as "".
func mountsOf(mountinfo string) (map[string]mount, error) {
	f, err := os.Open(mountinfo)
	if err != nil {
		return nil, fmt.Errorf("a memory limit needs control groups: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	mounts := map[string]mount{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 3 {
			continue
		}
		switch {
		case kind[0] == "cgroup2":
			mounts[""] = mount{fields[3], fields[4]}
		case kind[0] == "cgroup" && hasWord(kind[2], "memory"):
			mounts["memory"] = mount{fields[3], fields[4]}
		}
	}
	return mounts, nil
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

func hasMemory(file string) bool {
	b, err := os.ReadFile(file)
	return err == nil && hasWord(strings.Join(strings.Fields(string(b)), ","), "memory")
}

// Prefix begins the names of the groups that this process makes.
func Prefix() string { return fmt.Sprintf("lsmlab-cell-%d-", os.Getpid()) }

// Group is a control group with a limit. It belongs to one goroutine.
type Group struct{ dir string }

// New makes a group that may use limit bytes of memory, and no swap. It is made below the
// group of this process, so the limits that this process has go on to hold. The caller
// removes it.
func (h *Host) New(limit int64) (*Group, error) {
	parent, err := h.parent()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, Prefix())
	if err != nil {
		return nil, fmt.Errorf("make a control group for a memory limit: %w; run as root, or in a group that was handed on to this user", err)
	}
	g := &Group{dir}
	bytes := strconv.FormatInt(limit, 10)
	err = g.write(h.limit, bytes)
	if err == nil {
		swap := h.noSwap
		if swap == "" {
			swap = bytes
		}
		if err = g.write(h.swap, swap); errors.Is(err, fs.ErrNotExist) {
			err = nil // the kernel does not account for swap
		}
	}
	if err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return g, nil
}

// parent returns the group below which one with a limit can be made. In version 2 that is
// a group that hands the memory controller on to those below it. A group with processes
// cannot do that, so it may be one above this process's; but never one whose limits would
// then no longer hold for the new group.
func (h *Host) parent() (string, error) {
	if !h.v2 {
		b, err := os.ReadFile(filepath.Join(h.own, "memory.use_hierarchy"))
		if err == nil && strings.TrimSpace(string(b)) == "0" && h.own != h.root {
			return "", fmt.Errorf("control group %s does not limit the groups below it (memory.use_hierarchy is 0): a cell would escape its limits", h.own)
		}
		return h.own, nil
	}
	for dir := h.own; ; dir = filepath.Dir(dir) {
		control := filepath.Join(dir, "cgroup.subtree_control")
		if hasMemory(control) || os.WriteFile(control, []byte("+memory"), 0) == nil {
			return dir, nil
		}
		if dir == h.root || len(dir) <= len(h.root) {
			return "", fmt.Errorf("no control group from %s up hands the memory controller on, and none can be made to: run as root, or by systemd-run --scope -p Delegate=yes", h.own)
		}
		if b, err := os.ReadFile(filepath.Join(dir, h.limit)); err != nil || strings.TrimSpace(string(b)) != "max" {
			return "", fmt.Errorf("control group %s has a memory limit and cannot hand the memory controller on: a cell would escape that limit", dir)
		}
	}
}

// Add moves a process into the group.
func (g *Group) Add(pid int) error { return g.write("cgroup.procs", strconv.Itoa(pid)) }

// Dir returns the directory of the group.
func (g *Group) Dir() string { return g.dir }

// removeTime is how long [Group.Remove] waits for processes that were killed.
const removeTime = 5 * time.Second

// Remove removes the group, once the processes in it have ended.
func (g *Group) Remove() error {
	for end := time.Now().Add(removeTime); ; time.Sleep(5 * time.Millisecond) {
		err := os.Remove(g.dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !errors.Is(err, syscall.EBUSY) || time.Now().After(end) {
			return fmt.Errorf("remove a control group: %w", err)
		}
	}
}

// write sets a file of the group.
func (g *Group) write(name, value string) error {
	f, err := os.OpenFile(filepath.Join(g.dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
