package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// process names a process for good: its number may come again on another machine, behind
// another start of this one, in another name space, or later.
type process struct {
	Host  string `json:"host"`
	Boot  string `json:"boot,omitempty"`  // /proc/sys/kernel/random/boot_id
	Space string `json:"space,omitempty"` // of process numbers: /proc/self/ns/pid
	PID   int    `json:"pid"`
	Start uint64 `json:"start,omitempty"` // field 22 of /proc/PID/stat, proc(5)
}

// thisProcess is the one that asks. What the system does not tell stays zero.
func thisProcess() process {
	p := process{PID: os.Getpid()}
	p.Host, _ = os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	p.Boot = string(bytes.TrimSpace(boot))
	p.Space, _ = os.Readlink("/proc/self/ns/pid")
	if stat, err := os.ReadFile("/proc/self/stat"); err == nil {
		_, p.Start, _ = parseStat(stat)
	}
	return p
}

// ended reports whether p is known to have ended. Where that cannot be seen from here, it
// is not known.
func (p process) ended(here process) bool {
	if p.Host != here.Host || p.Boot == "" || p.Boot != here.Boot || p.Space == "" || p.Space != here.Space || p.Start == 0 {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/stat")
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return false
	}
	state, start, ok := parseStat(stat)
	return ok && (start != p.Start || state == "Z" || state == "X")
}

// parseStat reads a line of /proc/PID/stat. The name in parentheses may have any byte.
func parseStat(line []byte) (state string, start uint64, ok bool) {
	fields := strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
	if len(fields) < 20 {
		return "", 0, false
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	return fields[0], start, err == nil
}
