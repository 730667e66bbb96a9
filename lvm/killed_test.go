package lvm_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// TestKilled runs this binary with these, to be killed.
var (
	killedChange = flag.String("killed-change", "", "what TestKilledHere does; for TestKilled")
	killedDir    = flag.String("killed-dir", "", "where the devices are, as files")
	killedAt     = flag.Int("killed-at", 0, "how many writes and flushes are done before the process is killed")
)

// killer is a device that kills the process instead of one of its writes or flushes.
type killer struct {
	*os.File
	left *atomic.Int64
}

func (k killer) count() {
	if k.left.Add(-1) < 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (k killer) WriteAt(b []byte, at int64) (int, error) {
	k.count()
	return k.File.WriteAt(b, at)
}

func (k killer) Sync() error {
	k.count()
	return nil
}

// killedChanges are those of which a process is killed: their states are those of
// power cuts in which all writes reached the disk. scripts/crash.sh takes all.
func killedChanges() (names []string) {
	if !*judged {
		return []string{"create", "rename", "grow"}
	}
	for _, c := range changes(2) {
		names = append(names, c.name)
	}
	return names
}

func killedChangeOf(name string) change {
	all := changes(2)
	return all[slices.IndexFunc(all, func(c change) bool { return c.name == name })]
}

func TestKilledHere(t *testing.T) {
	if *killedChange == "" {
		t.Skip("TestKilled calls it in another process")
	}
	c := killedChangeOf(*killedChange)
	var left atomic.Int64
	left.Store(int64(*killedAt))
	var devices []*lvm.Device
	for i := range c.disks {
		f, err := os.OpenFile(filepath.Join(*killedDir, fmt.Sprint(i)), os.O_RDWR, 0)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		devices = append(devices, lvm.NewDevice(paths[i], 8*mib, units.SectorSize, killer{f, &left}))
	}
	require.NoError(t, c.do(t, lvm.ScanDevices(devices, lvm.ScanOptions{})))
}

// Whenever the process is killed, the VG is the old one or the new one, and the next
// change heals what is left.
func TestKilled(t *testing.T) {
	for _, name := range killedChanges() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := killedChangeOf(name)
			start := c.start(t)
			dir := t.TempDir()
			state := func(s *lvm.Scan) string {
				if g := vgOf(t, s); g != nil {
					return described(g.VG)
				}
				return ""
			}
			before, seen, done := state(start.scan()), map[string]int{}, false
			for n := 0; !done; n++ {
				for i, s := range start {
					s.write(t, filepath.Join(dir, fmt.Sprint(i)))
				}
				cmd := exec.Command(os.Args[0], "-test.run=^TestKilledHere$", "-killed-change="+name, "-killed-dir="+dir, fmt.Sprint("-killed-at=", n))
				out, err := cmd.CombinedOutput()
				done = err == nil
				require.True(t, done || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, "%v: %s", err, out)
				d := newDisks()
				for i := range start {
					b, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(i)))
					require.NoError(t, err)
					d = append(d, sparseOf(b))
				}
				s := d.scan()
				seen[state(s)]++
				heal(t, d, s, fmt.Sprint("killed at ", n))
			}
			states := 2 // the old VG and the new one
			if name == "revert" {
				states = 1 // it is never committed
			}
			require.Len(t, seen, states)
			require.NotZero(t, seen[before])
		})
	}
}

// write makes a file what the device is.
func (s *sparse) write(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Truncate(int64(s.size)))
	for at, data := range s.sectors {
		_, err := f.WriteAt(data[:], at*units.SectorSize)
		require.NoError(t, err)
	}
}

// sparseOf is a device that has b.
func sparseOf(b []byte) *sparse {
	s := newSparse(units.Bytes(len(b)))
	for at := 0; at < len(b); at += 512 {
		s.put(int64(at/512), sector(b[at:at+512]))
	}
	return s
}
