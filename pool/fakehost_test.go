package pool_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// fakeHost is a machine with a VG "data" on disks that are files, which a fake
// kernel has as disks.
type fakeHost struct {
	pool.Host
	t      testing.TB
	dir    string
	kernel *dmtest.Kernel
	files  map[string]string
	number map[string]uint64

	mu    sync.Mutex
	calls map[ioctl.Cmd]int // to the kernel
	fail  map[ioctl.Cmd]error
	dead  bool   // all requests fail
	left  int    // requests until do is called
	do    func() // may be nil

	// onDisk: pools' metadata is what is on the disks, and not the fake's.
	onDisk bool
	writes int // to disks, until the program is killed at the next; 0: it is not
}

func newFakeHost(t testing.TB, disks ...units.Bytes) *fakeHost {
	t.Helper()
	h := &fakeHost{
		t: t, dir: t.TempDir(), files: map[string]string{}, number: map[string]uint64{},
		calls: map[ioctl.Cmd]int{}, fail: map[ioctl.Cmd]error{},
	}
	h.kernel = dmtest.NewKernel(dmtest.Config{Before: h.before, ReadPool: h.readPool})
	require.NoError(t, os.MkdirAll(filepath.Join(h.dir, "sys/block"), 0o755))
	var paths []string
	for i, size := range disks {
		paths = append(paths, h.addDisk(fmt.Sprintf("sd%c", 'a'+i), size))
	}
	place := func(name string) string { return filepath.Join(h.dir, name) }
	ids := 0
	sys, err := lvm.OpenSystem(&lvm.SystemConfig{
		Host: &host.Config{
			Etc: place("etc"), Run: place("run"), Locks: place("locks"), Sys: place("sys"), Proc: place("proc"), Dev: place("dev"), Node: "here",
		},
		OpenDM: h.openDM, OpenDevice: h.open, BusyRetry: -1, Command: "a test",
		Activator: lvm.ActivatorConfig{NoLinks: true, NoLockMemory: true, Open: h.openVolume},
		Now: func() time.Time {
			ids++
			return time.Unix(1_700_000_000+int64(ids), 0).UTC()
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sys.Close()) })
	conn, err := h.openDM()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	h.Host = pool.Host{System: sys, Conn: conn}
	_, err = sys.CreateVG(t.Context(), lvm.CreateVG{Name: "data"}, paths, lvm.NewPVOptions{})
	require.NoError(t, err)
	return h
}

// zeros is a volume that reads as zeros.
type zeros struct{}

func (zeros) ReadAt(b []byte, _ int64) (int, error)  { clear(b); return len(b), nil }
func (zeros) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (zeros) Sync() error                            { return nil }
func (zeros) Close() error                           { return nil }

func (h *fakeHost) before(c dmtest.Call) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[c.Cmd]++
	if h.left--; h.left == 0 && h.do != nil {
		h.do()
	}
	if h.dead {
		return errDead
	}
	return h.fail[c.Cmd]
}

var errDead = errors.New("the program was killed")

// after has something done in front of the n-th request from now on.
func (h *fakeHost) after(n int, do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left, h.do = n, do
}

// failing has each request of a kind fail; nil: no more.
func (h *fakeHost) failing(cmd ioctl.Cmd, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail[cmd] = err
}

func (h *fakeHost) count(cmd ioctl.Cmd) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[cmd]
}

func (h *fakeHost) openDM() (*dm.Conn, error) {
	again, err := h.kernel.Reopen()
	if err != nil {
		return nil, err
	}
	return dm.NewConn(again, &dm.Config{Udev: dm.UdevOff, NoNodes: true})
}

// addDisk makes a disk, and returns its path.
func (h *fakeHost) addDisk(name string, size units.Bytes) string {
	h.t.Helper()
	path, file := "/dev/"+name, filepath.Join(h.dir, name)
	require.NoError(h.t, os.WriteFile(file, nil, 0o600))
	require.NoError(h.t, os.Truncate(file, int64(size)))
	dev := h.kernel.AddDisk(path, size.SectorsRoundDown())
	h.mu.Lock()
	h.files[path], h.number[path] = file, dev.Uint64()
	h.mu.Unlock()
	sys := filepath.Join(h.dir, "sys/block", name)
	require.NoError(h.t, os.MkdirAll(sys, 0o755))
	require.NoError(h.t, os.WriteFile(sys+"/dev", []byte(dev.String()+"\n"), 0o600))
	require.NoError(h.t, os.WriteFile(sys+"/size", []byte(strconv.FormatUint(uint64(size.SectorsRoundDown()), 10)+"\n"), 0o600))
	return path
}

func (h *fakeHost) open(path string, _ lvm.Access) (*lvm.Device, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	file, ok := h.files[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
	}
	d, err := lvm.OpenDevice(file, lvm.Exclusive)
	if err != nil {
		return nil, err
	}
	if h.writes > 0 {
		d = lvm.NewDevice(file, d.Size, units.SectorSize, &disk{d, h})
	}
	d.Number = h.number[path]
	return d, nil
}

// change changes the VG.
func (h *fakeHost) change(ops ...lvm.Op) *lvm.Change {
	h.t.Helper()
	c, err := h.System.Change(h.t.Context(), "data", lvm.ChangeOptions{Deactivate: true}, ops...)
	require.NoError(h.t, err)
	require.Empty(h.t, c.Warnings)
	return c
}

func extents(n lvm.Extents) lvm.Amount { return lvm.Amount{Extents: n} }

// newTank makes the pool "tank", of 64 KiB chunks, with a volume "home" in it.
func (h *fakeHost) newTank(data lvm.Extents) {
	h.t.Helper()
	h.change(lvm.CreateThinPool{Name: "tank", Size: extents(data)})
	h.change(lvm.CreateThin{Pool: "tank", Name: "home", Size: extents(1000)})
}

// vg is what is on the disks.
func (h *fakeHost) vg() *lvm.VG {
	h.t.Helper()
	scan, err := h.System.Scan(h.t.Context(), lvm.ScanOptions{})
	require.NoError(h.t, err)
	g, err := scan.VG("data")
	require.NoError(h.t, err)
	require.Empty(h.t, scan.AllFaults())
	return g.VG
}

// fill says how much of a pool is used, in percent of its data.
func (h *fakeHost) fill(name string, percent uint64) {
	h.t.Helper()
	s, err := h.Look(h.t.Context(), "data", name)
	require.NoError(h.t, err)
	h.pool(name).SetUsed(s.Status.Metadata.Used, s.Status.Data.Total*percent/100)
}

// pool is the kernel's pool.
func (h *fakeHost) pool(name string) *dmtest.Pool {
	h.t.Helper()
	for _, device := range []string{"data-" + name + "-tpool", "data-" + name} {
		if p := h.kernel.Pool(device); p != nil {
			return p
		}
	}
	h.t.Fatalf("no pool %s in %v", name, h.kernel.Devices())
	return nil
}
