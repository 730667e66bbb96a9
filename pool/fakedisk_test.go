package pool_test

import (
	"os"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// disk is a disk of a fakeHost: a program that was killed writes no more to it.
type disk struct {
	*lvm.Device
	h *fakeHost
}

func (d *disk) WriteAt(b []byte, off int64) (int, error) {
	d.h.mu.Lock()
	if d.h.writes > 0 {
		if d.h.writes--; d.h.writes == 0 {
			d.h.dead = true
		}
	}
	dead := d.h.dead
	d.h.mu.Unlock()
	if dead {
		return 0, errDead
	}
	return d.Device.WriteAt(b, off)
}

// readPool is what the fake kernel finds on a disk.
func (h *fakeHost) readPool(dev dm.Dev, start units.Sectors) (on dmtest.PoolOnDisk, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.onDisk {
		return on, false
	}
	f, err := os.Open(h.file(dev))
	require.NoError(h.t, err)
	defer f.Close()
	m, err := metadata.Open(&part{f, int64(start) * int64(units.SectorSize)}, 1<<30)
	if err != nil {
		return on, false
	}
	sb := m.Superblock()
	on = dmtest.PoolOnDisk{BlockSize: sb.DataBlockSize, TransactionID: sb.TransactionID, NeedsCheck: sb.NeedsCheck(),
		UsedMetadata: sb.MetadataSpaceMap.Allocated, UsedData: sb.DataSpaceMap.Allocated}
	for d, err := range m.Trees().Devices() {
		if err == nil {
			on.Thins = append(on.Thins, d.ID)
		}
	}
	return on, true
}

// file is the file of a disk. The lock is held.
func (h *fakeHost) file(dev dm.Dev) string {
	for path, number := range h.number {
		if number == dev.Uint64() {
			return h.files[path]
		}
	}
	h.t.Fatalf("no disk %v", dev)
	return ""
}

// openVolume opens a device of the fake kernel, which lies on a disk in one run.
func (h *fakeHost) openVolume(name string, _ dm.Dev, _ bool) (lvm.DeviceFile, error) {
	if !h.onDisk {
		return zeros{}, nil
	}
	table, err := h.Conn.Device(dm.ByName(name)).Table(dm.TableQuery{})
	if err != nil {
		return nil, err
	}
	linear, ok := table[0].Target.(dm.Linear)
	if !ok {
		return zeros{}, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f, err := os.OpenFile(h.file(linear.Dev.Dev), os.O_RDWR, 0)
	return &partFile{part{f, int64(linear.Offset) * int64(units.SectorSize)}}, err
}

// part is a file from an offset on.
type part struct {
	*os.File
	start int64
}

func (p *part) ReadAt(b []byte, off int64) (int, error)  { return p.File.ReadAt(b, p.start+off) }
func (p *part) WriteAt(b []byte, off int64) (int, error) { return p.File.WriteAt(b, p.start+off) }

type partFile struct{ part }
