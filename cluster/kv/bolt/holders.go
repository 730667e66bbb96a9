package bolt

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// holders tells which processes have a lock on f, as far as the kernel says.
func holders(f *os.File) string {
	unknown := "fuser -v " + f.Name() + " shows who has it open"
	var st unix.Stat_t
	locks, err := os.ReadFile("/proc/locks")
	if err != nil || unix.Stat(f.Name(), &st) != nil {
		return unknown
	}
	// Some file systems have another device number here than for stat: the inode's is enough for a hint.
	var all []string
	for line := range strings.Lines(string(locks)) {
		pid, ok := lockOwner(line, st.Ino)
		if !ok {
			continue
		}
		name := fmt.Sprintf("process %d", pid)
		if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil {
			name += " (" + strings.TrimSpace(string(comm)) + ")"
		}
		all = append(all, name)
	}
	if len(all) == 0 {
		return unknown
	}
	return "locked by " + strings.Join(all, ", ")
}

// lockOwner reads a line of /proc/locks, "1: FLOCK  ADVISORY  WRITE 123 08:01:4711 0 EOF": the process, if
// it has the lock on the file with that inode. Those that wait have an arrow behind the number.
func lockOwner(line string, inode uint64) (pid int, ok bool) {
	w := strings.Fields(line)
	if len(w) < 6 || w[1] != "FLOCK" || !strings.HasSuffix(w[5], ":"+strconv.FormatUint(inode, 10)) {
		return 0, false
	}
	pid, err := strconv.Atoi(w[4])
	return pid, err == nil && pid > 0
}
