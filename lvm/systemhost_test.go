package lvm_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

// systemHost is a machine whose disks are files that a fake kernel has as disks.
// What is written to a volume goes to its PVs only before it is active.
type systemHost struct {
	t      testing.TB
	dir    string
	kernel *dmtest.Kernel
	conn   *dm.Conn
	cfg    lvm.SystemConfig
	files  map[string]string
	number map[string]uint64
	fail   func(dmtest.Call) error // of requests to the kernel; nil: none fails
}

func newSystemHost(t testing.TB, disks ...units.Bytes) *systemHost {
	t.Helper()
	h := &systemHost{t: t, dir: t.TempDir(), files: map[string]string{}, number: map[string]uint64{}}
	h.kernel = dmtest.NewKernel(dmtest.Config{Before: func(c dmtest.Call) error {
		if h.fail == nil {
			return nil
		}
		return h.fail(c)
	}})
	h.conn = h.kernel.Open(t)
	require.NoError(t, os.MkdirAll(h.path("sys/block"), 0o755))
	require.NoError(t, os.MkdirAll(h.path("run"), 0o755))
	ids := 0
	h.cfg = lvm.SystemConfig{
		Host: &host.Config{
			Etc: h.path("etc"), Run: h.path("run"), Locks: h.path("locks"), Sys: h.path("sys"), Proc: h.path("proc"),
			Dev: h.path("dev"), Node: "here",
		},
		OpenDM:     h.openDM,
		OpenDevice: h.open,
		Activator: lvm.ActivatorConfig{NoLinks: true, NoLockMemory: true, Open: func(string, dm.Dev, bool) (lvm.DeviceFile, error) {
			return zeroVolume{}, nil
		}},
		BusyRetry: -1,
		Command:   "a test",
		Now:       func() time.Time { return time.Unix(1_700_000_000, 0).UTC() },
		NewID: func() lvm.ID {
			ids++
			id, err := lvm.ParseID(fmt.Sprintf("%032d", ids))
			require.NoError(t, err)
			return id
		},
	}
	for i, size := range disks {
		h.addDisk(fmt.Sprintf("sd%c", 'a'+i), size)
	}
	return h
}

func (h *systemHost) path(name string) string { return filepath.Join(h.dir, name) }

func (h *systemHost) openDM() (*dm.Conn, error) {
	again, err := h.kernel.Reopen()
	if err != nil {
		return nil, err
	}
	return dm.NewConn(again, &dm.Config{Udev: dm.UdevOff, NoNodes: true})
}

// addDisk makes /dev/NAME.
func (h *systemHost) addDisk(name string, size units.Bytes) {
	h.t.Helper()
	file := h.path(name)
	require.NoError(h.t, os.WriteFile(file, nil, 0o600))
	require.NoError(h.t, os.Truncate(file, int64(size)))
	dev := h.kernel.AddDisk("/dev/"+name, size.SectorsRoundDown())
	h.files["/dev/"+name], h.number["/dev/"+name] = file, dev.Uint64()
	sys := h.path("sys/block/" + name)
	require.NoError(h.t, os.MkdirAll(sys, 0o755))
	require.NoError(h.t, os.WriteFile(sys+"/dev", []byte(dev.String()+"\n"), 0o600))
	require.NoError(h.t, os.WriteFile(sys+"/size", []byte(strconv.FormatUint(uint64(size.SectorsRoundDown()), 10)+"\n"), 0o600))
}

// open opens a disk for everything, since the files are the same by any way.
func (h *systemHost) open(path string, _ lvm.Access) (*lvm.Device, error) {
	file, ok := h.files[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
	}
	d, err := lvm.OpenDevice(file, lvm.Exclusive)
	if err == nil {
		d.Number = h.number[path]
	}
	return d, err
}

// system opens the System; lvm.conf says what is given.
func (h *systemHost) system(conf ...string) *lvm.System {
	h.t.Helper()
	require.NoError(h.t, os.MkdirAll(h.path("etc"), 0o755))
	text := ""
	for _, line := range conf {
		text += line + "\n"
	}
	require.NoError(h.t, os.WriteFile(h.path("etc/lvm.conf"), []byte(text), 0o600))
	s, err := lvm.OpenSystem(&h.cfg)
	require.NoError(h.t, err)
	h.t.Cleanup(func() { require.NoError(h.t, s.Close()) })
	return s
}

// vg is what is on the disks.
func (h *systemHost) vg(s *lvm.System, name string) *lvm.VG {
	h.t.Helper()
	scan, err := s.Scan(h.t.Context(), lvm.ScanOptions{})
	require.NoError(h.t, err)
	g, err := scan.VG(name)
	require.NoError(h.t, err)
	require.Empty(h.t, scan.AllFaults())
	return g.VG
}

// write writes to a disk, and read reads from it.
func (h *systemHost) write(disk string, at int64, b []byte) {
	h.t.Helper()
	f, err := os.OpenFile(h.files["/dev/"+disk], os.O_WRONLY, 0)
	require.NoError(h.t, err)
	_, err = f.WriteAt(b, at)
	require.NoError(h.t, errors.Join(err, f.Close()))
}

func (h *systemHost) read(disk string, at int64, n int) []byte {
	h.t.Helper()
	f, err := os.Open(h.files["/dev/"+disk])
	require.NoError(h.t, err)
	b := make([]byte, n)
	_, err = f.ReadAt(b, at)
	require.NoError(h.t, errors.Join(err, f.Close()))
	return b
}

// zeroVolume reads as zeros.
type zeroVolume struct{}

func (zeroVolume) ReadAt(b []byte, _ int64) (int, error)  { clear(b); return len(b), nil }
func (zeroVolume) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (zeroVolume) Sync() error                            { return nil }
func (zeroVolume) Close() error                           { return nil }

// of is a size of so many MiB.
func of(n units.Bytes) lvm.Amount { return lvm.Amount{Size: units.Size{Bytes: n * units.MiB}} }
