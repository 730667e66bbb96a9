package lvm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rok-storage/rok/lvm/host"
)

// Check says all that is wrong with VGs, by name or ID, and with what else is on
// the devices; no names: with all VGs. Every text is read, under the locks of all
// VGs. A fault of no VG has [Checked.VG] empty.
func (s *System) Check(ctx context.Context, vgs ...string) ([]Checked, error) {
	r := host.LockRequest{Global: host.Shared, Mode: host.Shared}
	if s.host != nil {
		scan, err := s.look(ctx, ScanOptions{}, host.LockRequest{})
		if err != nil {
			return nil, err
		}
		r.VGs = namesOf(scan)
	}
	scan, err := s.look(ctx, ScanOptions{Verify: true}, r)
	if err != nil {
		return nil, err
	}
	var all []Checked
	if len(vgs) == 0 {
		for _, g := range scan.VGs {
			all = append(all, s.checkVG(g))
		}
		if len(scan.Faults) > 0 {
			all = append(all, Checked{Faults: scan.Faults})
		}
		return all, nil
	}
	var errs []error
	for _, name := range vgs {
		g, err := scan.VG(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = errNoVG(name)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, s.checkVG(g))
	}
	if len(all) < len(vgs) && len(scan.Faults) > 0 {
		// What is not found may be on what cannot be read.
		all = append(all, Checked{Faults: scan.Faults})
	}
	return all, errors.Join(errs...)
}

// Checked is what is wrong with one VG.
type Checked struct {
	VG     string
	ID     ID
	Seqno  uint32
	Faults []*Fault // none: it is sound
}

func (s *System) checkVG(g *DiskVG) Checked {
	c := Checked{VG: g.VG.Name, ID: g.VG.ID, Seqno: g.VG.Seqno, Faults: g.Faults}
	for _, l := range g.VG.faults() {
		c.Faults = append(c.Faults, l.fault)
	}
	if f := g.fullness(g.VG); f != nil {
		c.Faults = append(c.Faults, f)
	}
	if f := s.checkOwner(g.VG); f != nil {
		c.Faults = append(c.Faults, f)
	}
	return c
}

// scarceShare of the largest text is what is left when it is announced that
// there will be no more.
const scarceShare = 10

// fullness announces that the VG's text, next, soon does not fit its areas.
func (g *DiskVG) fullness(next *VG) *Fault {
	most := int64(g.MaxText())
	left := g.TextLeft(next)
	if most == 0 || left > most/scarceShare {
		return nil
	}
	return &Fault{
		Object: "VG", Name: next.Name, Err: ErrLimit,
		What: fmt.Sprintf("its metadata has %d bytes left of %d", max(left, 0), most),
		Mend: "remove LVs or tags, or add PVs with larger metadata areas and leave the small ones without",
	}
}

// checkOwner tells of a VG that this host may not use.
func (s *System) checkOwner(vg *VG) *Fault {
	if s.host == nil || s.host.Settings.MayUse(vg.SystemID) {
		return nil
	}
	return &Fault{
		Object: "VG", Name: vg.Name, Err: ErrForeign,
		What: fmt.Sprintf("it belongs to system %q, and this one is %q", vg.SystemID, s.host.Settings.SystemID),
		Mend: "change it there; or, if that system is gone, add its ID to local/extra_system_ids of lvm.conf",
	}
}

// errNoVG is what a VG that is not there is.
func errNoVG(name string) error { return &OpError{Op: opFindVG, Object: name, Err: ErrNotFound} }

const opFindVG = "find VG"
