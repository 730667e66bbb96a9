package pool_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// A volume group on a loop device, with a pool in it, that programs fill:
//
//	writers ─ VG/w0 … VG/w7 ─ VG-tank-tpool ─┬─ VG-tank_tdata ─┐
//	                                         └─ VG-tank_tmeta ─┴─ loop
type kernelHost struct {
	pool.Host
	t   *testing.T
	vg  string
	dir string // of lvm2's configuration
}

func newKernelHost(t *testing.T, size units.Bytes) *kernelHost {
	t.Helper()
	testenv.Kernel(t, "linear", "thin-pool", "thin")
	dir, disk := t.TempDir(), testenv.LoopDisk(t, size)
	h := &kernelHost{t: t, vg: testenv.Name(t), dir: dir}
	text := fmt.Sprintf(`devices { filter=["a|^%s$|","r|.*|"] use_devicesfile=0 obtain_device_list_from_udev=0 }
activation { udev_sync=0 udev_rules=0 monitoring=0 }
backup { backup=0 archive=0 }
global { locking_dir="%s/lock" }
`, disk, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lvm.conf"), []byte(text), 0o600))
	var err error
	h.Host, err = openHost(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(h.Conn.Close(), h.System.Close())) })
	_, err = h.System.CreateVG(t.Context(), lvm.CreateVG{Name: h.vg}, []string{disk}, lvm.NewPVOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := h.System.RemoveVG(context.Background(), h.vg, true, lvm.ChangeOptions{Deactivate: true})
		require.NoError(t, err)
		require.NoDirExists(t, "/dev/"+h.vg)
	})
	return h
}

// openHost opens what lvm.conf in dir says.
func openHost(dir string) (h pool.Host, err error) {
	h.System, err = lvm.OpenSystem(&lvm.SystemConfig{Host: &host.Config{Etc: dir, LockWait: 10 * time.Second}, Command: "a test"})
	if err == nil {
		h.Conn, err = dm.Open(nil)
	}
	return h, err
}

func (h *kernelHost) change(ops ...lvm.Op) {
	h.t.Helper()
	_, err := h.System.Change(h.t.Context(), h.vg, lvm.ChangeOptions{}, ops...)
	require.NoError(h.t, err)
}

// newTank makes a pool of 4 MiB extents with volumes w0, w1 …
func (h *kernelHost) newTank(size lvm.Extents, fails bool, volumes int, each lvm.Extents) {
	h.t.Helper()
	h.change(lvm.CreateThinPool{Name: "tank", Size: extents(size), ErrorWhenFull: fails})
	for i := range volumes {
		h.change(lvm.CreateThin{Pool: "tank", Name: fmt.Sprintf("w%d", i), Size: extents(each)})
	}
}

func (h *kernelHost) look() *pool.State {
	h.t.Helper()
	s, err := h.Look(h.t.Context(), h.vg, "tank")
	require.NoError(h.t, err)
	return s
}

const record = 256 << 10 // bytes that are written and made durable at once

// content is what a writer writes to a place.
func content(volume string, at int64) []byte {
	b := make([]byte, record)
	for i := 0; i < record; i += 16 {
		copy(b[i:], volume)
		binary.LittleEndian.PutUint64(b[i+8:], uint64(at)+uint64(i))
	}
	return b
}

// write writes records to a volume, from one on, and returns how many were
// acknowledged by fsync, and how long the slowest took.
func (h *kernelHost) write(volume string, from, count int) (acknowledged int, slowest time.Duration, err error) {
	f, err := os.OpenFile(filepath.Join("/dev", h.vg, volume), os.O_RDWR, 0)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for i := from; i < from+count; i++ {
		began := time.Now()
		if _, err = f.WriteAt(content(volume, int64(i)*record), int64(i)*record); err == nil {
			err = f.Sync()
		}
		slowest = max(slowest, time.Since(began))
		if err != nil {
			return acknowledged, slowest, err
		}
		acknowledged++
	}
	return acknowledged, slowest, nil
}

// compare reads what was acknowledged, from the devices and not from memory.
func (h *kernelHost) compare(volume string, records int) {
	h.t.Helper()
	f, err := os.Open(filepath.Join("/dev", h.vg, volume))
	require.NoError(h.t, err)
	defer f.Close()
	dropCaches(h.t)
	got := make([]byte, record)
	for i := range records {
		_, err := f.ReadAt(got, int64(i)*record)
		require.NoError(h.t, err)
		require.True(h.t, bytes.Equal(content(volume, int64(i)*record), got), "%s at %d", volume, i*record)
	}
}

func dropCaches(t *testing.T) {
	t.Helper()
	require.NoError(t, os.WriteFile("/proc/sys/vm/drop_caches", []byte("1\n"), 0))
}
