package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Holder is a process that holds a lock.
type Holder struct {
	PID  int    // 0 where it is not in this PID namespace
	Comm string // the name of its program, cut at 15 characters; may be empty
	Mode Mode
}

// String is "lvcreate (4711)".
func (h Holder) String() string {
	switch {
	case h.PID <= 0:
		return "a process of another PID namespace"
	case h.Comm == "":
		return fmt.Sprintf("process %d", h.PID)
	}
	return fmt.Sprintf("%s (%d)", h.Comm, h.PID)
}

// holdersOf reads from /proc/locks who has a flock on the file at path, where
// that can be found out. The process named is the one that took the lock; its
// children may have it by now.
func holdersOf(proc, path string) []Holder {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return nil
	}
	table, err := os.ReadFile(filepath.Join(proc, "locks"))
	if err != nil {
		return nil
	}
	holders := parseLocks(string(table), unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)), st.Ino)
	for i := range holders {
		// A process of another namespace has the number 0 or -1, and gone.
		comm, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(holders[i].PID), "comm"))
		if err == nil && holders[i].PID > 0 {
			holders[i].Comm = strings.TrimSpace(string(comm))
		}
	}
	return holders
}

// parseLocks finds the flocks on one file in a table of lines such as
//
//	3: FLOCK  ADVISORY  WRITE 4711 00:1a:1234 0 EOF
//
// fs/locks.c, lock_get_status. Those who wait have "->" behind the number. Some
// file systems show another device than stat(2) does; then the inode decides.
func parseLocks(table string, major, minor uint32, inode uint64) []Holder {
	var exact, byInode []Holder
	device := fmt.Sprintf("%02x:%02x", major, minor)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "FLOCK" {
			continue
		}
		colon := strings.LastIndexByte(f[5], ':')
		if colon < 0 || f[5][colon+1:] != strconv.FormatUint(inode, 10) {
			continue
		}
		h := Holder{Mode: Shared}
		if f[3] == "WRITE" {
			h.Mode = Exclusive
		}
		h.PID, _ = strconv.Atoi(f[4])
		if f[5][:colon] == device {
			exact = append(exact, h)
		} else {
			byInode = append(byInode, h)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return byInode
}
