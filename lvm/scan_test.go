package lvm_test

import (
	"encoding/binary"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
)

// Of one VG only its text is read, and only what it needs.
func TestScanOfOneVG(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib)
	s, _ := d.committed(t, "vg", 2)
	other := newVG(s, "other", 3, 0)
	other.PVs = other.PVs[2:]
	_, err := s.Commit(lvm.CommitRequest{New: other})
	require.NoError(t, err)
	require.Len(t, d.scan().VGs, 2)
	s = lvm.ScanDevices(d.devices(), lvm.ScanOptions{VG: "vg"})
	require.Len(t, s.VGs, 1)
	require.Empty(t, s.AllFaults())
	_, err = s.VG("other")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Len(t, s.Orphans(), 1)
}

// lvm2 was stopped in the middle of a vgrename: the newest text has another name,
// and is found by the old one, too.
func TestScanOfRenamedVG(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s, g := d.committed(t, "vg", 2)
	vg := g.VG.Clone()
	vg.Name, vg.Seqno = "renamed", 2
	plantText(t, s.PVs[0], vg.AppendText(nil))
	for _, name := range []string{"vg", "renamed", ""} {
		s = lvm.ScanDevices(d.devices(), lvm.ScanOptions{VG: name})
		require.Len(t, s.VGs, 1)
		require.Equal(t, "renamed", s.VGs[0].VG.Name)
		require.Len(t, s.VGs[0].Faults, 1)
	}
	heal(t, d, s, "")
}

// How much is read: of a small VG 16 KiB of each device, of a large one its text
// once more; each of them on all PVs only where that is asked for.
func TestScanReadsLittle(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib)
	s, g := d.committed(t, "vg", 3)
	reads := func(o lvm.ScanOptions) (int, int) {
		var n, total atomic.Int64
		var devices []*lvm.Device
		for i, s := range d {
			devices = append(devices, lvm.NewDevice(paths[i], s.size, 512, &counted{s, &n, &total}))
		}
		require.Empty(t, lvm.ScanDevices(devices, o).AllFaults())
		return int(n.Load()), int(total.Load())
	}
	n, total := reads(lvm.ScanOptions{})
	require.Equal(t, 3, n)
	require.Equal(t, 3*16384, total)
	big := tagged(g.VG, "x")
	for i := range 800 {
		big.Tags = append(big.Tags, strings.Repeat("x", 50)+string(rune('0'+i%10)))
	}
	_, err := s.Commit(lvm.CommitRequest{VG: g, New: big})
	require.NoError(t, err)
	n, total = reads(lvm.ScanOptions{})
	require.Equal(t, 3+1, n)
	require.Less(t, total, 3*16384+46000)
	n, _ = reads(lvm.ScanOptions{Verify: true})
	require.Equal(t, 3+3, n)
}

// counted counts reads.
type counted struct {
	*sparse
	n, total *atomic.Int64
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	c.n.Add(1)
	c.total.Add(int64(len(b)))
	return c.sparse.ReadAt(b, off)
}

// Finding PVs and VGs by what people call them.
func TestScanFinds(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib)
	s, g := d.committed(t, "vg", 2)
	found, err := s.VG("vg")
	require.NoError(t, err)
	require.Same(t, g, found)
	found, err = s.VG(g.VG.ID.String())
	require.NoError(t, err)
	require.Same(t, g, found)
	require.True(t, g.Complete())
	pv, err := s.PV("/dev/b")
	require.NoError(t, err)
	require.Same(t, g.PVs[1], pv)
	pv, err = s.PV(pv.ID().String())
	require.NoError(t, err)
	require.Same(t, g.PVs[1], pv)
	_, err = s.PV("/dev/x")
	require.ErrorIs(t, err, fs.ErrNotExist)

	d[2].sectors = d[1].clone().sectors
	s = d.scan()
	_, err = s.PV(pv.ID().String())
	require.ErrorIs(t, err, lvm.ErrDuplicatePV)
	d[1].sectors = map[int64]sector{}
	d[2].sectors = map[int64]sector{}
	require.False(t, d.scan().VGs[0].Complete())

	d = newDisks(8*mib, 8*mib)
	s, _ = d.committed(t, "vg", 1)
	other := newVG(s, "vg", 2, 0)
	other.PVs = other.PVs[1:]
	plantText(t, s.PVs[1], other.AppendText(nil))
	s = d.scan()
	_, err = s.VG("vg")
	require.ErrorIs(t, err, lvm.ErrSameName)
	found, err = s.VG(other.ID.String())
	require.NoError(t, err)
	require.Equal(t, other.ID, found.VG.ID)
}

// What cannot be read is said, and does not keep the rest from being read.
func TestScanUnreadable(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	d.committed(t, "vg", 2)
	for from, want := range map[int64]string{
		0:    "device /dev/b: read label: medium error",
		8192: "PV /dev/b: read metadata area header: medium error",
	} {
		devices := d.devices()
		if from == 8192 {
			putLabel(t, d.scan().PVs[1], func(h *disk.PVHeader) { h.Metadata = append(h.Metadata, disk.Area{Start: 7 * mib, Size: mib}) })
		}
		devices[1] = lvm.NewDevice("/dev/b", 8*mib, 512, broken{d[1], from})
		s := lvm.ScanDevices(devices, lvm.ScanOptions{})
		require.ErrorIs(t, s.AllFaults()[0], errMedium)
		require.ErrorContains(t, s.AllFaults()[0], want)
		require.EqualValues(t, 1, s.VGs[0].VG.Seqno)
		_, err := s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: s.VGs[0].VG})
		require.Error(t, err)
	}
	// A device without room for a label.
	require.Empty(t, lvm.ScanDevices([]*lvm.Device{newSparse(512).device("/dev/a"), newSparse(0).device("/dev/b")}, lvm.ScanOptions{}).AllFaults())
}

// broken fails beyond a byte.
type broken struct {
	*sparse
	from int64
}

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.from {
		return 0, errMedium
	}
	return b.sparse.ReadAt(p, off)
}

// Restoring what no scan can be sure of.
func TestRestoreConflict(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s, g := d.committed(t, "vg", 2)
	one, other := tagged(g.VG, "one"), tagged(g.VG, "other")
	one.Seqno, other.Seqno = 7, 7
	plantText(t, s.PVs[0], one.AppendText(nil))
	plantText(t, s.PVs[1], other.AppendText(nil))
	s = d.scan()
	g = s.VGs[0]
	_, err := s.Commit(lvm.CommitRequest{VG: g, New: other})
	require.ErrorIs(t, err, lvm.ErrConflict)
	g, err = s.Commit(lvm.CommitRequest{VG: g, New: other, Restore: true})
	require.NoError(t, err)
	require.Equal(t, []string{"other"}, g.VG.Tags)
	require.EqualValues(t, 8, g.VG.Seqno)
	require.Empty(t, d.scan().AllFaults())
}

// The numbers that a device gives may be anything.
func TestScanOfNumbers(t *testing.T) {
	d := newDisks(8 * mib)
	d.committed(t, "vg", 1)
	var label [512]byte
	_, err := d[0].ReadAt(label[:], 512)
	require.NoError(t, err)
	for at := 32; at+8 <= 200; at += 8 {
		for _, n := range []uint64{0, 1, 511, 512, 4096, 1 << 20, 1 << 31, 1 << 32, 1<<63 - 512, 1 << 63, 1<<64 - 512, 1<<64 - 1} {
			c := d.clone()
			b := label
			binary.LittleEndian.PutUint64(b[at:], n)
			binary.LittleEndian.PutUint32(b[16:], disk.Checksum(b[20:]))
			_, err := c[0].WriteAt(b[:], 512)
			require.NoError(t, err)
			s := c.scan()
			for _, g := range s.VGs {
				_, _ = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x")})
			}
			c.scan()
		}
	}
}
