package lvm

import (
	"strconv"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// MappedDevice is a device of device-mapper as an LV needs it: what lvm2 would
// make for the same VG. It is a plain value.
type MappedDevice struct {
	LV    *LV // whose it is
	Layer Layer

	Name, UUID string
	// Table has the VG's other devices by path, "/dev/mapper/vg-home-real",
	// since they get their numbers when they are made; and PVs by number.
	Table dm.Table
	// Below are the devices that the table names so.
	Below    []*MappedDevice
	ReadOnly bool
	// Minor is the number that the device must have; nil: any.
	Minor *uint32

	// Where ReadAhead is ReadAheadAuto, the kernel's stays unless it is below
	// MinReadAhead, or below that of FirstPV.
	ReadAhead    ReadAhead
	MinReadAhead units.Sectors
	FirstPV      dm.Dev // the first PV of the first segment; no device: there is none

	Udev dm.UdevFlags
	// Link: it is found below /dev/VG, under its LV's name.
	Link bool

	// Pool is what the text says of a thin pool, where the device is one.
	Pool *ThinPool
	// Snapshot: what is written to the origin is kept here from the moment of
	// its resume on.
	Snapshot bool
}

// mapperDir is where the tables of MappedDevices have the VG's devices.
const mapperDir = "/dev/mapper/"

// reference is how the tables of other devices name d.
func (d *MappedDevice) reference() dm.BlockDev { return dm.BlockDev{Path: mapperDir + d.Name} }

// withNumbers returns t with the VG's devices by their numbers. It stops at the
// first that number fails for.
func withNumbers(t dm.Table, number func(name string) (dm.Dev, error)) (dm.Table, error) {
	var failed error
	resolve := func(b dm.BlockDev) dm.BlockDev {
		if b.Path == "" || failed != nil {
			return b
		}
		dev, err := number(b.Path[len(mapperDir):])
		failed = err
		return dm.BlockDev{Dev: dev}
	}
	out := make(dm.Table, len(t))
	for i, s := range t {
		switch target := s.Target.(type) {
		case dm.Linear:
			target.Dev = resolve(target.Dev)
			s.Target = target
		case dm.Striped:
			stripes := make([]dm.Area, len(target.Stripes))
			for j, area := range target.Stripes {
				area.Dev = resolve(area.Dev)
				stripes[j] = area
			}
			target.Stripes = stripes
			s.Target = target
		case dm.ThinPool:
			target.Metadata, target.Data = resolve(target.Metadata), resolve(target.Data)
			s.Target = target
		case dm.Thin:
			target.Pool, target.ExternalOrigin = resolve(target.Pool), resolve(target.ExternalOrigin)
			s.Target = target
		case dm.Snapshot:
			target.Origin, target.COW = resolve(target.Origin), resolve(target.COW)
			s.Target = target
		case dm.SnapshotOrigin:
			target.Origin = resolve(target.Origin)
			s.Target = target
		}
		out[i] = s
	}
	return out, failed
}

// String prints, for example, `vg-home (LVM-…): 0 2048 linear 8:16 2048`.
func (d *MappedDevice) String() string {
	return d.Name + " (" + d.UUID + ", " + strconv.Itoa(len(d.Table)) + " segments)"
}
