package lvm

import (
	"context"

	"github.com/rok-storage/rok/lvm/host"
)

// MendedByWrite reports whether the next change of the VG, whatever it is, or
// [System.Mend], mends the fault.
func (f *Fault) MendedByWrite() bool { return f.Mend == mendByWrite }

// Mend writes a VG anew, on all of its PVs: metadata areas that were damaged or
// behind have its text afterwards, and PVs that have left it no longer say that
// they are in it. Nothing else changes but its number. lvm2 calls it
// vgck --updatemetadata. It refuses what [System.Change] refuses.
func (s *System) Mend(ctx context.Context, vg string) (*Change, error) {
	r := host.LockRequest{Global: host.Exclusive, VGs: []string{vg}, Mode: host.Exclusive}
	return s.change(ctx, vg, r, ScanOptions{VG: vg}, ChangeOptions{rewrite: true}, func(*DiskVG) ([]Op, error) { return nil, nil })
}
