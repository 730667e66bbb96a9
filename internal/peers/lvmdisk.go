package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

const (
	lvmVG = "roktest-peers"
	// lvmDiskSize has room for the extents of all LVs. The file is sparse: only
	// metadata is written.
	lvmDiskSize = 64 * units.GiB
	// lvmAreaSize holds the text of 10,000 LVs, which is 3 MB, several times.
	lvmAreaSize = 128 * units.MiB
)

// lvmDisk is a loop device that is a PV, of a VG that is put back as it was
// after each change.
type lvmDisk struct {
	loop   *ioctl.Loop
	device *lvm.Device
	start  []byte // of the device, to the end of the metadata area's header
}

// makeLVMDisk makes a sparse file in dir, and a PV of it with a VG. The PV and the
// empty VG are lvm2's work, as on a machine that has always had lvm2; lvm2's
// configuration in etc is written so that it looks at this device alone.
func makeLVMDisk(ctx context.Context, dir, etc string, vg lvmShape) (d *lvmDisk, err error) {
	f, err := os.CreateTemp(dir, prefix+"*.img")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Truncate(int64(lvmDiskSize)), f.Close()); err != nil {
		return nil, err
	}
	d = &lvmDisk{}
	if d.loop, err = ioctl.AttachLoop(f.Name(), ioctl.LoopConfig{DirectIO: true}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if err := configureLVM(etc, d.loop.Path()); err != nil {
		return nil, err
	}
	for _, argv := range [][]string{
		{"lvm", "pvcreate", "--driverloaded", "n", "--metadatasize", fmt.Sprint(uint64(lvmAreaSize)) + "b", d.loop.Path()},
		{"lvm", "vgcreate", "--driverloaded", "n", lvmVG, d.loop.Path()},
	} {
		if _, err := output(ctx, argv...); err != nil {
			return nil, err
		}
	}
	if d.device, err = lvm.OpenDevice(d.loop.Path(), lvm.ReadWrite); err != nil {
		return nil, err
	}
	scan := lvm.ScanDevices([]*lvm.Device{d.device}, lvm.ScanOptions{})
	g, err := scan.VG(lvmVG)
	if err != nil {
		return nil, err
	}
	next, err := vg.fill(g.VG)
	if err != nil {
		return nil, err
	}
	if _, err := scan.Commit(lvm.CommitRequest{VG: g, New: next}); err != nil {
		return nil, err
	}
	d.start = make([]byte, scan.PVs[0].Areas[0].Start+units.SectorSize)
	_, err = d.device.ReadAt(d.start, 0)
	return d, err
}

// restore puts the VG back as it was. The header of the metadata area says which
// text counts, and the next one to be written is always put behind the one that
// counts: so each change that is measured does the same.
func (d *lvmDisk) restore() error {
	_, err := d.device.WriteAt(d.start, 0)
	return err
}

func (d *lvmDisk) close() error {
	var errs []error
	if d.device != nil {
		errs = append(errs, d.device.Close())
	}
	return errors.Join(append(errs, d.loop.Detach())...)
}

// configureLVM writes an lvm.conf that lvm2 and rok both keep to.
func configureLVM(etc string, devices ...string) error {
	var filter strings.Builder
	for _, d := range devices {
		fmt.Fprintf(&filter, "\"a|^%s$|\", ", d)
	}
	text := fmt.Sprintf(`devices {
	obtain_device_list_from_udev = 0
	use_devicesfile = 0
	filter = [ %s"r|.*|" ]
}
backup {
	backup = 0
	archive = 0
}
`, &filter)
	return os.WriteFile(filepath.Join(etc, "lvm.conf"), []byte(text), 0o600)
}
