package main

import (
	"bufio"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// mounts are the file systems on devices that are mounted where this process looks.
// What cannot be read is left out: it is for an estimate.
func mounts() []pool.FileSystem {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer f.Close()
	var all []pool.FileSystem
	for _, m := range parseMounts(f) {
		// The file systems that have a device's own number do not go to a network.
		var s unix.Statfs_t
		if unix.Statfs(m.dir, &s) == nil && s.Bsize > 0 {
			all = append(all, pool.FileSystem{Dev: m.dev, Used: units.Bytes(s.Blocks-min(s.Blocks, s.Bfree)) * units.Bytes(s.Bsize)})
		}
	}
	return all
}

// mountPoint is where a device's file system is mounted, once of several times.
type mountPoint struct {
	dev dm.Dev
	dir string
}

// parseMounts reads lines of show_mountinfo, fs/proc_namespace.c of the kernel: the
// third field is the device, the fifth the place, with blanks and backslashes as
// octal numbers. Those without a device of their own have the major number 0.
func parseMounts(r io.Reader) (all []mountPoint) {
	seen := map[dm.Dev]bool{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		dev, err := dm.ParseDev(fields[2])
		if err != nil || dev.Major == 0 || seen[dev] {
			continue
		}
		seen[dev] = true
		dir := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[4])
		all = append(all, mountPoint{dev, dir})
	}
	return all
}
