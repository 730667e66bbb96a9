package lvm

import (
	"fmt"
	"strings"

	"github.com/rok-storage/rok/dm"
)

// Layer is one part of what an LV is in the kernel: a device with this at the
// end of its UUID, and often of its name. lib/activate/dev_manager.c.
type Layer string

// The layers of the volumes that rok activates.
//
//	linear, striped, thin:  home
//	with snapshots:         home  ─ snapshot-origin ┐
//	                        snap  ─ snapshot ───────┼─ home-real
//	                                        └─ snap-cow
//	an external origin:     base ─ linear ─ base-real, which thin volumes read
//	a thin pool:            pool ─ linear ─ pool-tpool ─┬─ pool_tdata
//	                                                    └─ pool_tmeta
//
// A pool that never had a volume has no device of its own: its thin-pool is
// called as the LV is, for other programs to use.
const (
	LayerNone     Layer = ""      // the volume itself
	LayerReal     Layer = "real"  // the data of one that has snapshots, or that thin volumes have as external origin
	LayerCOW      Layer = "cow"   // what a snapshot keeps
	LayerPool     Layer = "pool"  // the LV of a thin pool that is used: it can be read, and keeps the pool active
	LayerThinPool Layer = "tpool" // the thin pool itself
	LayerThinData Layer = "tdata" // its data
	LayerThinMeta Layer = "tmeta" // its metadata
)

// layerMissing begins the layers that stand for extents of a missing PV.
const layerMissing = "missing_"

func missingLayer(segment, area int) Layer {
	return Layer(fmt.Sprintf("%s%d_%d", layerMissing, segment, area))
}

func (l Layer) missing() bool { return strings.HasPrefix(string(l), layerMissing) }

// named reports whether the layer is in the device's name, too. LVs that are
// the whole of a layer have it in their own.
func (l Layer) named() bool {
	switch l {
	case LayerNone, LayerPool, LayerThinData, LayerThinMeta:
		return false
	}
	return true
}

// What LVM hides from udev's rules: _get_udev_flags of
// lib/activate/dev_manager.c.
const (
	// udevHidden is for what is no volume of the user's.
	udevHidden = dm.UdevNoSubsystemRules | dm.UdevNoDiskRules | dm.UdevNoOtherRules
	// udevNewPool is for a pool that is used directly: it gets LVM's links.
	udevNewPool = dm.UdevNoDiskRules | dm.UdevNoOtherRules
	// udevNoScan is LVM's use of the first flag of subsystems: nobody looks at
	// what is on the volume.
	udevNoScan = dm.UdevSubsystem0
)
