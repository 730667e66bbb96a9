package lvm_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// countedFile counts what is read of a disk.
type countedFile struct {
	*os.File
	reads *int
}

func (f countedFile) ReadAt(b []byte, off int64) (int, error) {
	*f.reads++
	return f.File.ReadAt(b, off)
}

// What was read under lvm2's lock is not read again before it is written.
func TestSystemReadsOnceUnderLock(t *testing.T) {
	h := newSystemHost(t, 64*units.MiB)
	h.newData(h.system(), "/dev/sda")
	reads := 0
	h.cfg.OpenDevice = func(path string, _ lvm.Access) (*lvm.Device, error) {
		f, err := os.OpenFile(h.files[path], os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		d := lvm.NewDevice(path, 64*units.MiB, 512, countedFile{f, &reads})
		d.Number = h.number[path]
		return d, nil
	}
	s := h.system()
	_, err := s.ChangeWith(t.Context(), "data", lvm.ChangeOptions{Inactive: true}, func(*lvm.DiskVG) ([]lvm.Op, error) {
		require.NotZero(t, reads)
		reads = 0
		return []lvm.Op{lvm.CreateLV{Name: "a", Size: of(8)}}, nil
	})
	require.NoError(t, err)
	require.Zero(t, reads)
	require.Len(t, h.vg(s, "data").LVs, 1)
}

// In image files lvm2 has no locks: what it does meanwhile is found.
func TestSystemFindsChangedImage(t *testing.T) {
	image := t.TempDir() + "/image"
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 64<<20))
	s, err := lvm.OpenSystem(&lvm.SystemConfig{Images: []string{image}})
	require.NoError(t, err)
	_, err = s.CreateVG(t.Context(), lvm.CreateVG{Name: "data"}, []string{image}, lvm.NewPVOptions{})
	require.NoError(t, err)
	_, err = s.ChangeWith(t.Context(), "data", lvm.ChangeOptions{}, func(g *lvm.DiskVG) ([]lvm.Op, error) {
		other := g.PVs[0].Header
		other.Size -= units.SectorSize
		f, err := os.OpenFile(image, os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteAt(disk.AppendLabel(nil, other), 512)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		return []lvm.Op{lvm.CreateLV{Name: "a", Size: of(8)}}, nil
	})
	require.ErrorIs(t, err, lvm.ErrChanged)
}
