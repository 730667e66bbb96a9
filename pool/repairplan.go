package pool

import (
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// Choice says whose transaction id counts where a VG and its pool's metadata are of
// different times.
type Choice string

const (
	// ChooseNone chooses where it can be told: see [NewRepairPlan].
	ChooseNone Choice = ""
	// ChooseMetadata takes the metadata as it is, and writes its id into the VG.
	ChooseMetadata Choice = "metadata"
	// ChooseVG writes the VG's id into a copy of the metadata.
	ChooseVG Choice = "vg"
)

// RepairPlan is what it takes for a pool to be writable again. The zero value is
// nothing.
type RepairPlan struct {
	// Deactivate are the active volumes, and the pool, that are deactivated, and
	// activated afterwards.
	Deactivate []string
	// ClearNeedsCheck: the metadata is sound, and the kernel's mark is taken off.
	ClearNeedsCheck bool
	// Rewrite: what can be read of the metadata is written anew into the VG's spare,
	// which takes its place; Why says what for.
	Rewrite bool
	Why     string
	// MetadataID is the transaction id that the copy gets, and VGID that which the VG
	// gets; nil: it stays.
	MetadataID, VGID *uint64
	// Grow is how many extents the metadata is made larger by: it is full.
	Grow lvm.Extents
	// Lost are volumes that the metadata does not have. They stay in the VG, and
	// cannot be activated.
	Lost []string
}

// NewRepairPlan decides what to do with a pool of which c is known. It is a function
// of its arguments.
//
// Whose transaction id counts is told by what is lost by it. Metadata that is ahead
// of the VG has all that the VG knows of, if it has all of the VG's volumes, each
// made under the transaction that the VG says: the VG gets its id. The VG was
// restored from a backup, mostly. Metadata that is behind is of an earlier time than
// what a program was told is written: the last commits are missing in it, in volumes
// that are there, too. That, and a VG with volumes that the metadata has not, is
// [thin.ErrTransaction] without a choice. Where the superblock is lost, the metadata
// has no id, and its copy gets the VG's.
func NewRepairPlan(c *Checked, choice Choice) (RepairPlan, error) {
	var p RepairPlan
	switch {
	case c.Fresh:
		return p, nil
	case c.Report == nil:
		p.Rewrite, p.Why = true, "its superblock cannot be read"
		id := c.Transactions.settled()
		p.MetadataID = &id
		return p, nil
	case !c.Report.Sound():
		p.Rewrite, p.Why = true, "it has "+plural(c.Report.FaultCount, "fault")
	case c.Report.MetadataLeaks.Blocks > 0:
		p.Rewrite, p.Why = true, "it has lost "+plural(c.Report.MetadataLeaks.Blocks, "block")
	}
	for _, v := range slices.Concat(c.Missing, c.Other) {
		p.Lost = append(p.Lost, v.Name)
	}
	if t := c.Transactions; !t.Agree() {
		id := t.Metadata
		switch {
		case choice == ChooseVG:
			id = t.settled()
			p.MetadataID = &id
			if !p.Rewrite {
				p.Rewrite, p.Why = true, "it gets another transaction id"
			}
		case choice == ChooseMetadata, t.Metadata > t.VG && len(p.Lost) == 0 && !c.Unlisted && c.Report.Sound():
			p.VGID = &id
		default:
			return p, fault("repair", c.State, &TransactionsError{t})
		}
	}
	if !p.Rewrite && c.Report.Superblock.NeedsCheck() {
		p.ClearNeedsCheck = true
	}
	if !c.Snapshot {
		p.Grow = c.State.wanting(c.Report.Superblock.MetadataSpaceMap.Allocated, c.Size)
	}
	return p, nil
}

// wanting is how many extents more metadata of that size needs, if it is full: a step
// of the default policy.
func (s *State) wanting(used uint64, size units.Bytes) lvm.Extents {
	usage := thin.Usage{Used: used, Total: uint64(size / metadata.BlockSize)}
	if usage.Free() > thin.MetadataReserve(usage.Total) {
		return 0
	}
	has := lvm.Extents(size.SectorsRoundDown() / s.ExtentSize)
	g := growing{by: defaultPolicy().Metadata, has: has, extent: s.ExtentSize}
	most := lvm.Extents(metadataMost / s.ExtentSize)
	return min(g.step(), most-min(most, has))
}

// Nothing reports whether nothing is to be done.
func (p *RepairPlan) Nothing() bool {
	return !p.Rewrite && !p.ClearNeedsCheck && p.VGID == nil && p.Grow == 0
}

// Steps are what the plan does, in words and in order.
func (p *RepairPlan) Steps(s *State) (steps []string) {
	add := func(format string, args ...any) { steps = append(steps, fmt.Sprintf(format, args...)) }
	if p.Nothing() && len(p.Deactivate) == 0 {
		return nil
	}
	for _, name := range p.Deactivate {
		add("deactivate %s", name)
	}
	if p.ClearNeedsCheck {
		add("clear needs_check: the metadata is sound")
	}
	if p.Rewrite {
		add("write what can be read of the metadata into the spare of VG %s: %s", s.VG, p.Why)
		if p.MetadataID != nil {
			add("give it transaction id %d", *p.MetadataID)
		}
		add("check what was written")
		add("make it the metadata of %s, and keep the old one as %s_metaN", s.Pool, s.Pool)
	}
	if p.VGID != nil {
		add("set the transaction id in VG %s to %d", s.VG, *p.VGID)
	}
	if p.Grow > 0 {
		add("make the metadata larger by %v: it is full", s.bytes(p.Grow))
	}
	for _, name := range slices.Backward(p.Deactivate) {
		add("activate %s", name)
	}
	return steps
}
