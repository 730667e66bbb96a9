package lvm

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// kernelReadAhead is what a new device has in any case: VM_READAHEAD_PAGES of
// include/linux/mm.h, 128 KiB.
const kernelReadAhead units.Sectors = 128 << 10 / units.SectorSize

// readAheads knows those of the PVs, each asked for once.
type readAheads struct{ pvs map[dm.Dev]units.Sectors }

// set gives a device the read-ahead that its LV has, or at least that of the
// PV that it begins on and twice a stripe. dm_tree_node_set_read_ahead and
// lv_calculate_readahead of lvm2, as seen.
func (r *readAheads) set(a *Activator, d *MappedDevice) error {
	var want units.Sectors
	switch {
	case d.ReadAhead > 0:
		want = units.Sectors(d.ReadAhead)
	case d.ReadAhead == ReadAheadAuto:
		if want = max(d.MinReadAhead, r.of(a, d.FirstPV)); want <= kernelReadAhead {
			return nil
		}
	}
	info, err := a.conn.Device(dm.ByName(d.Name)).Info()
	if err != nil {
		return err
	}
	open, err := a.open(d.Name, info.Dev, false)
	if err != nil {
		return err
	}
	defer open.Close()
	f, ok := open.(*os.File)
	if !ok {
		return nil
	}
	if d.ReadAhead == ReadAheadAuto {
		has, err := ioctl.ReadAhead(f)
		if err != nil || has >= want {
			return err
		}
	}
	return ioctl.SetReadAhead(f, want)
}

// of is the read-ahead of a PV; zero where sysfs does not tell.
func (r *readAheads) of(a *Activator, pv dm.Dev) units.Sectors {
	if pv == (dm.Dev{}) {
		return 0
	}
	if n, known := r.pvs[pv]; known {
		return n
	}
	if r.pvs == nil {
		r.pvs = map[dm.Dev]units.Sectors{}
	}
	r.pvs[pv] = 0
	// A partition has its disk's.
	for _, queue := range []string{"queue", "../queue"} {
		text, err := os.ReadFile(filepath.Join(a.cfg.Sys, "dev/block", fmt.Sprint(pv)) + "/" + queue + "/read_ahead_kb")
		if err != nil {
			continue
		}
		if kib, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32); err == nil {
			r.pvs[pv] = units.Sectors(kib * 1024 / units.SectorSize)
		}
		break
	}
	return r.pvs[pv]
}
