package compare

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// process is a process of this machine, told apart from a later one with the
// same number by when it began.
type process struct {
	pid   int
	start string // in clock ticks since the machine's start
}

// thisProcess is the zero value where there is no /proc.
func thisProcess() process {
	p := process{pid: os.Getpid()}
	_, start, ok := p.stat()
	if !ok {
		return process{}
	}
	p.start = start
	return p
}

// String is what [parseProcess] reads.
func (p process) String() string { return fmt.Sprintf("%d %s\n", p.pid, p.start) }

// parseProcess makes the zero value of anything else.
func parseProcess(text string) process {
	pid, start, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, err := strconv.Atoi(pid)
	if err != nil || n <= 0 || start == "" {
		return process{}
	}
	return process{pid: n, start: start}
}

// stat reads the state and the start of the process that has p's number now:
// the fields 3 and 22 of proc(5)'s stat.
func (p process) stat() (state, start string, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return "", "", false
	}
	// The second field is the program's name, and may hold blanks and brackets.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return "", "", false
	}
	return fields[0], fields[19], true
}

// dying reports whether p was killed and cannot end, because one of its threads
// waits in the kernel for an I/O. What is not known to be so is not.
func (p process) dying() bool {
	if p.pid == 0 {
		return false
	}
	state, start, ok := p.stat()
	if !ok || start != p.start {
		return false
	}
	if state == "Z" || state == "X" { // the first thread is gone, others hang
		return true
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	return err == nil && killPending(string(status))
}

// killPending reads the masks of pending signals of proc(5)'s status.
func killPending(status string) bool {
	for line := range strings.Lines(status) {
		name, mask, _ := strings.Cut(line, ":")
		if name != "SigPnd" && name != "ShdPnd" {
			continue
		}
		signals, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
		if err == nil && signals&(1<<(syscall.SIGKILL-1)) != 0 {
			return true
		}
	}
	return false
}
