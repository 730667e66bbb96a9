package main

import (
	"fmt"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// lvmShape is what a VG has in it.
type lvmShape struct {
	lvs  int
	thin bool // all in one pool
}

func (s lvmShape) String() string {
	kind := "linear"
	if s.thin {
		kind = "thin"
	}
	return fmt.Sprintf("%s %d", kind, s.lvs)
}

const (
	lvmExtents    lvm.Extents = 1 // of each LV
	lvmPool                   = "pool"
	lvmPoolExtent lvm.Extents = 100
	lvmThinSize               = 1 * units.GiB
)

// fill returns vg with LVs as lvcreate makes them.
func (s lvmShape) fill(vg *lvm.VG) (*lvm.VG, error) {
	ops := make([]lvm.Op, 0, s.lvs+1)
	if s.thin {
		ops = append(ops, lvm.CreateThinPool{Name: lvmPool, Size: lvm.Amount{Extents: lvmPoolExtent}})
	}
	for i := range s.lvs {
		ops = append(ops, s.create(fmt.Sprintf("lv%05d", i)))
	}
	next, err := lvm.Apply(vg, lvm.Stamp{Time: 1e9, Host: "peers"}, ops...)
	if err != nil || !s.thin {
		return next, err
	}
	return settled(next), nil
}

func (s lvmShape) create(name string) lvm.Op {
	if s.thin {
		return lvm.CreateThin{Pool: lvmPool, Name: name, Size: lvm.Amount{Size: units.Size{Bytes: lvmThinSize}}}
	}
	return lvm.CreateLV{Name: name, Size: lvm.Amount{Extents: lvmExtents}}
}

// settled is vg as if its pool had been active while its volumes were made, each
// on its own: each has raised the transaction id, and nothing is left to tell the
// pool.
func settled(vg *lvm.VG) *lvm.VG {
	next := vg.Clone()
	var volumes uint64
	var pool *lvm.ThinPool
	for i, lv := range next.LVs {
		if len(lv.Segments) != 1 {
			continue
		}
		switch t := lv.Segments[0].Type.(type) {
		case *lvm.Thin:
			changed, segment := lv.Clone(), *t
			segment.TransactionID = volumes
			volumes++
			changed.Segments[0].Type = &segment
			next.LVs[i] = changed
		case *lvm.ThinPool:
			changed, segment := lv.Clone(), *t
			segment.Messages = nil
			changed.Segments[0].Type = &segment
			next.LVs[i], pool = changed, &segment
		}
	}
	if pool != nil {
		pool.TransactionID = volumes
	}
	return next
}
