package lvm_test

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// sector is the content of a sector.
type sector [units.SectorSize]byte

// sparse is a device in memory, of whose sectors most are zeros. A journal, if it
// has one, gets what is done to it.
type sparse struct {
	mu      sync.Mutex
	size    units.Bytes
	sectors map[int64]sector
	journal *journal
	index   int // of the device in the journal
	// fail is asked before each write ("write", and where) and each flush.
	fail func(what string, at int64) error
}

// journal is what was done to some devices, in order.
type journal struct {
	mu    sync.Mutex
	steps []step
}

// step is a sector that was written, or a flush where Data is nil. Of a write of
// several sectors each is a step of the same number, since it may tear.
type step struct {
	device int
	write  int
	at     int64 // sector
	data   *sector
}

func newSparse(size units.Bytes) *sparse { return &sparse{size: size, sectors: map[int64]sector{}} }

func (s *sparse) clone() *sparse {
	return &sparse{size: s.size, sectors: maps.Clone(s.sectors)}
}

// device is s as a Device of that path.
func (s *sparse) device(path string) *lvm.Device {
	return lvm.NewDevice(path, s.size, units.SectorSize, s)
}

var errBounds = errors.New("beyond the end, or no whole sectors")

func (s *sparse) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || off%512 != 0 || len(b)%512 != 0 || units.Bytes(off)+units.Bytes(len(b)) > s.size {
		return 0, errBounds
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i < len(b); i += 512 {
		data := s.sectors[(off+int64(i))/512]
		copy(b[i:], data[:])
	}
	return len(b), nil
}

func (s *sparse) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || off%512 != 0 || len(b)%512 != 0 || units.Bytes(off)+units.Bytes(len(b)) > s.size {
		return 0, errBounds
	}
	if s.fail != nil {
		if err := s.fail("write", off); err != nil {
			return 0, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var steps []step
	for i := 0; i < len(b); i += 512 {
		data := sector(b[i : i+512])
		s.put((off+int64(i))/512, data)
		steps = append(steps, step{device: s.index, at: (off + int64(i)) / 512, data: &data})
	}
	s.note(steps...)
	return len(b), nil
}

func (s *sparse) put(at int64, data sector) {
	if data == (sector{}) {
		delete(s.sectors, at)
		return
	}
	s.sectors[at] = data
}

func (s *sparse) Sync() error {
	if s.fail != nil {
		if err := s.fail("flush", 0); err != nil {
			return err
		}
	}
	s.note(step{device: s.index})
	return nil
}

func (s *sparse) note(steps ...step) {
	if s.journal == nil {
		return
	}
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	n := 0
	if last := len(s.journal.steps); last > 0 {
		n = s.journal.steps[last-1].write + 1
	}
	for _, step := range steps {
		step.write = n
		s.journal.steps = append(s.journal.steps, step)
	}
}

// disks are some devices in memory.
type disks []*sparse

func newDisks(sizes ...units.Bytes) (d disks) {
	for _, size := range sizes {
		d = append(d, newSparse(size))
	}
	return d
}

func (d disks) clone() (c disks) {
	for _, s := range d {
		c = append(c, s.clone())
	}
	return c
}

// paths are what the devices are called.
var paths = []string{"/dev/a", "/dev/b", "/dev/c", "/dev/d", "/dev/e", "/dev/f", "/dev/g", "/dev/h"}

func (d disks) devices() (devices []*lvm.Device) {
	for i, s := range d {
		devices = append(devices, s.device(paths[i]))
	}
	return devices
}

func (d disks) scan() *lvm.Scan { return lvm.ScanDevices(d.devices(), lvm.ScanOptions{Verify: true}) }

// record makes the devices write a journal from now on.
func (d disks) record() *journal {
	j := &journal{}
	for i, s := range d {
		s.journal, s.index = j, i
	}
	return j
}

// pvs makes PVs of all devices, as c says; nil: as pvcreate does.
func (d disks) pvs(t testing.TB, c *lvm.CreatePV) *lvm.Scan {
	t.Helper()
	if c == nil {
		c = &lvm.CreatePV{}
	}
	devices := d.devices()
	s := lvm.ScanDevices(devices, lvm.ScanOptions{})
	for _, device := range devices {
		_, err := s.CreatePV(device, *c)
		require.NoError(t, err)
	}
	return s
}

// newVG is a VG of the first n PVs of a scan, with extents of 512 KiB and some LVs
// of one extent on the first PV. It is in no text yet.
func newVG(s *lvm.Scan, name string, n, lvs int) *lvm.VG {
	vg := &lvm.VG{
		Name: name, ID: lvm.NewID(), Format: "lvm2", Status: lvm.Flags{"RESIZEABLE", "READ", "WRITE"}, ExtentSize: 1024,
		Origin: lvm.Origin{Description: "test", Host: "host", System: "Linux", Time: 1700000000},
	}
	for _, pv := range s.PVs[:n] {
		vg.PVs = append(vg.PVs, pv.NewPV(vg.ExtentSize))
	}
	for i := range lvs {
		vg.LVs = append(vg.LVs, &lvm.LV{
			Name: fmt.Sprint("lv", i), ID: lvm.NewID(), Status: lvm.Flags{"READ", "WRITE", "VISIBLE"},
			CreationTime: 1700000000, CreationHost: "host",
			Segments: []lvm.Segment{{Length: 1, Type: &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[0].ID, Start: lvm.Extents(i)}}}}},
		})
	}
	return vg
}

// tagged is vg with one more tag.
func tagged(vg *lvm.VG, tag string) *lvm.VG {
	vg = vg.Clone()
	vg.Tags = append(append([]string(nil), vg.Tags...), tag)
	return vg
}

// committed makes a VG of the first n devices, with two LVs.
func (d disks) committed(t testing.TB, name string, n int) (*lvm.Scan, *lvm.DiskVG) {
	t.Helper()
	s := d.pvs(t, nil)
	g, err := s.Commit(lvm.CommitRequest{New: newVG(s, name, n, 2)})
	require.NoError(t, err)
	return s, g
}
