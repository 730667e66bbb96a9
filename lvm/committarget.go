package lvm

import (
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
)

// target is an area that the commit writes.
type target struct {
	pv     *DiskPV
	area   *DiskArea
	place  disk.Location   // of the new text
	before disk.AreaHeader // the header as it was
	// ignore says that the area gets no text, and says so.
	ignore bool
}

// aim chooses the areas, and the place in each.
func (c *commit) aim() error {
	if err := c.planMoves(); err != nil {
		return err
	}
	used, unused := c.areas()
	switch want := int(min(c.next.MetadataCopies, 1<<30)); {
	case want > 0 && len(used) > want:
		for _, t := range used[want:] {
			t.ignore = true
		}
		used = used[:want]
	case len(used) < max(want, 1):
		n := min(max(want, 1)-len(used), len(unused))
		used = append(used, unused[:n]...)
		c.targets = append(c.targets, unused[:n]...)
	}
	if len(used) == 0 {
		return ErrNoArea
	}
	for _, t := range used {
		var err error
		if t.place, err = t.area.Place(c.text, t.area.Committed); err != nil {
			return fmt.Errorf("PV %s: %w", t.pv.Device.Path, err)
		}
	}
	// What gets the text comes first.
	slices.SortStableFunc(c.targets, func(a, b *target) int {
		if a.ignore == b.ignore {
			return 0
		}
		if b.ignore {
			return -1
		}
		return 1
	})
	return nil
}

// areas returns the areas of the members in use, which become targets, and those
// that are ignored: first areas of PVs in front of second ones.
func (c *commit) areas() (used, unused []*target) {
	for n := 0; ; n++ {
		found := false
		for _, d := range c.members {
			areas := c.areasOf(d)
			if n >= len(areas) {
				continue
			}
			found = true
			t := &target{pv: d, area: areas[n]}
			if t.area.Ignored() {
				unused = append(unused, t)
			} else {
				used = append(used, t)
			}
		}
		if !found {
			c.targets = slices.Clone(used)
			return used, unused
		}
	}
}

// areasOf returns the areas that a member has while the VG is committed.
func (c *commit) areasOf(d *DiskPV) []*DiskArea {
	for _, m := range c.moves {
		if m.pv == d && m.grows {
			return m.after
		}
	}
	return d.Areas
}
