package pool

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// State is what a pool is at a moment: what its VG says, and what the kernel does.
type State struct {
	VG, Pool string
	// Active: the kernel has it; otherwise Status is zero.
	Active bool
	Status thin.Status

	ExtentSize, ChunkSize units.Sectors
	// Data, Metadata and Spare are sizes; the spare is of all pools of the VG, and
	// as large as the largest metadata.
	Data, Metadata, Spare lvm.Extents
	// Stripes is how many PVs the end of the data is spread over: it grows by so
	// many extents at once. Zero is one.
	Stripes int
	// DataRoom is how many extents the data could get, and MetadataRoom how many
	// the metadata, the spare that goes with it being paid for. Each is without
	// the other.
	DataRoom, MetadataRoom lvm.Extents
	// Obstacle is why the VG gives nothing, where it is not that it is full.
	Obstacle error

	FailsWhenFull bool // by its flag in the VG
	Refusing      bool // the VG has the tag by which new volumes are refused
	Volumes       []Volume
}

// Volume is a thin volume of a pool.
type Volume struct {
	Name     string
	ID       lvm.ID
	DeviceID uint32
	Snapshot bool // of a volume that is there
	Created  int64
	Tags     []string
	Busy     bool // it was in use when it was to be dropped: not a thing of the VG's
}

// StateOf is what a VG says of a pool. It fails with [lvm.ErrNotFound], and with
// [ErrNotPool] where the LV is something else.
func StateOf(vg *lvm.VG, pool string) (*State, error) {
	lv := vg.LV(pool)
	if lv == nil {
		return nil, &lvm.OpError{Op: "find pool", Object: vg.Name + "/" + pool, Err: lvm.ErrNotFound}
	}
	t := poolOf(lv)
	if t == nil {
		return nil, &Error{Op: "find", VG: vg.Name, Pool: pool, Err: ErrNotPool}
	}
	s := &State{
		VG: vg.Name, Pool: pool, ExtentSize: vg.ExtentSize, ChunkSize: t.ChunkSize,
		FailsWhenFull: lv.Flags.Has(lvm.FlagErrorWhenFull), Refusing: slices.Contains(vg.Tags, RefusalTag(pool)),
	}
	s.Data, s.Metadata, s.Stripes = lv.Size(), sizeOf(vg, t.Metadata), stripesOf(vg.LV(t.Data))
	for _, other := range vg.LVs {
		if v, ok := thinOf(other); ok && v.Pool == pool {
			s.Volumes = append(s.Volumes, Volume{
				Name: other.Name, ID: other.ID, DeviceID: v.DeviceID, Snapshot: v.Origin != "", Created: other.CreationTime, Tags: other.Tags,
			})
		}
		if isSpare(other) {
			s.Spare = other.Size()
		}
	}
	var dataErr, metadataErr error
	s.DataRoom, dataErr = room(vg, pool, pool)
	s.MetadataRoom, metadataErr = room(vg, t.Metadata, t.Metadata)
	s.Obstacle = errors.Join(dataErr, metadataErr)
	return s, nil
}

// Pools are the names of a VG's thin pools, in the order of its text.
func Pools(vg *lvm.VG) (names []string) {
	for _, lv := range vg.LVs {
		if poolOf(lv) != nil {
			names = append(names, lv.Name)
		}
	}
	return names
}

func poolOf(lv *lvm.LV) *lvm.ThinPool {
	if len(lv.Segments) != 1 {
		return nil
	}
	t, _ := lv.Segments[0].Type.(*lvm.ThinPool)
	return t
}

func thinOf(lv *lvm.LV) (*lvm.Thin, bool) {
	if len(lv.Segments) != 1 {
		return nil, false
	}
	t, ok := lv.Segments[0].Type.(*lvm.Thin)
	return t, ok
}

func sizeOf(vg *lvm.VG, name string) lvm.Extents {
	if lv := vg.LV(name); lv != nil {
		return lv.Size()
	}
	return 0
}

// stripesOf is how many stripes the last segment of an LV has.
func stripesOf(lv *lvm.LV) int {
	if lv == nil || len(lv.Segments) == 0 {
		return 1
	}
	if t, ok := lv.Segments[len(lv.Segments)-1].Type.(*lvm.Striped); ok {
		return max(len(t.Areas), 1)
	}
	return 1
}

// room asks the allocator how many extents an LV could get: it is asked for one
// more than there are.
func room(vg *lvm.VG, name, grows string) (lvm.Extents, error) {
	all := vg.Report().FreeExtents
	if all == 0 {
		return 0, nil
	}
	next, err := lvm.Apply(vg, lvm.Stamp{}, lvm.ExtendLV{Name: name, By: lvm.Amount{Extents: all + 1}})
	if err == nil { // the kernel takes no more than this
		return sizeOf(next, grows) - sizeOf(vg, grows), nil
	}
	if full, ok := errors.AsType[*lvm.NoSpaceError](err); ok {
		return full.Fits, nil
	}
	if errors.Is(err, lvm.ErrUnchanged) {
		return 0, nil
	}
	return 0, fmt.Errorf("VG %s: %w", vg.Name, err)
}

// chunks is how many of the pool's chunks so many extents are.
func (s *State) chunks(n lvm.Extents) uint64 {
	if s.ChunkSize == 0 {
		return 0
	}
	return uint64(units.Sectors(n) * s.ExtentSize / s.ChunkSize)
}

// bytes is the size of so many extents.
func (s *State) bytes(n lvm.Extents) units.Bytes { return bytesOf(units.Sectors(n) * s.ExtentSize) }

func bytesOf(n units.Sectors) units.Bytes {
	b, err := n.Bytes()
	if err != nil {
		return ^units.Bytes(0)
	}
	return b
}

// DataFree is how much of the data no volume has.
func (s *State) DataFree() units.Bytes {
	return bytesOf(units.Sectors(s.Status.Data.Free()) * s.ChunkSize)
}
