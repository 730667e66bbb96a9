package pool

import (
	"slices"
	"strings"

	"github.com/rok-storage/rok/lvm"
)

// refusalPrefix begins the tags of VGs by which new volumes are refused.
const refusalPrefix = "rok:refuse-new="

// RefusalTag is the tag that a VG has while nothing new is to be made in a pool:
// "rok:refuse-new=POOL". A watcher puts it there, and takes it away.
func RefusalTag(pool string) string { return refusalPrefix + pool }

// MayCreate is nil, or an [*Error] of [ErrReserve] where the VG says that nothing
// new is to be made in the pool.
func MayCreate(vg *lvm.VG, pool string) error {
	if slices.Contains(vg.Tags, RefusalTag(pool)) {
		return &Error{Op: "create a volume in", VG: vg.Name, Pool: pool, Err: ErrReserve}
	}
	return nil
}

// PoolOf is the pool of a thin volume; empty: it is none.
func PoolOf(vg *lvm.VG, volume string) string {
	if lv := vg.LV(volume); lv != nil {
		if t, ok := thinOf(lv); ok {
			return t.Pool
		}
	}
	return ""
}

// isSpare reports whether lv is what the VG keeps for the repair of metadata:
// lvm2 tells it by its name, lib/format_text/import_vsn1.c.
func isSpare(lv *lvm.LV) bool { return !lv.Visible() && strings.Contains(lv.Name, "_pmspare") }
