package lvm

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
)

// move is a PV that gets another header, and areas at other places with it. The new
// areas are written first, and then the label, which is one sector: a power cut
// leaves the old areas or the new ones. Where new areas lie in old ones, those are
// damaged in between, which is found, and mended by the next write.
//
// Where the PV grows, all this is done before the VG is committed, else after it, so
// that the areas are never where the VG has extents.
type move struct {
	pv     *DiskPV
	header disk.PVHeader // as it is to be
	before disk.PVHeader
	areas  []*DiskArea // of before
	after  []*DiskArea // of header: those that stay are the same
	grows  bool
	// overlaps says that a new area lies in one that leaves.
	overlaps bool
	text     []byte // that all areas get; nil: none
}

// newMove checks the header, and finds out which areas move.
func newMove(pv *DiskPV, h disk.PVHeader) (*move, error) {
	m := &move{pv: pv, header: h, before: pv.Header, areas: pv.Areas, grows: h.DataEnd() >= pv.Header.DataEnd()}
	if h.ID != pv.Header.ID || !h.Writable() || !pv.Header.Writable() {
		return nil, fmt.Errorf("header of PV %s: %w", ID(h.ID), ErrUnknownHeader)
	}
	if faults := h.Check(pv.Device.Size); len(faults) > 0 {
		return nil, faults[0]
	}
	for _, at := range h.Metadata {
		if i := slices.IndexFunc(pv.Areas, func(a *DiskArea) bool { return a.Area == at }); i >= 0 {
			m.after = append(m.after, pv.Areas[i])
		} else {
			m.after = append(m.after, &DiskArea{AreaHeader: disk.AreaHeader{Area: at}})
		}
	}
	for _, a := range m.added() {
		for _, b := range m.leaving() {
			m.overlaps = m.overlaps || a.Start < b.Start+b.Size && b.Start < a.Start+a.Size
		}
	}
	return m, nil
}

// added are the areas that before does not have.
func (m *move) added() []*DiskArea { return without(m.after, m.areas) }

// leaving are the areas that header does not have.
func (m *move) leaving() []*DiskArea { return without(m.areas, m.after) }

func without(areas, others []*DiskArea) (rest []*DiskArea) {
	for _, a := range areas {
		if !slices.Contains(others, a) {
			rest = append(rest, a)
		}
	}
	return rest
}

// plan places a text in the areas that are to be written. They are ignored where
// the one that leaves is.
func (m *move) plan(areas []*DiskArea, text []byte) error {
	m.text = text
	for _, a := range areas {
		if text == nil || m.ignored() {
			a.Committed = disk.Location{Flags: m.ignoredFlag()}
			continue
		}
		l, err := a.Place(text, disk.Location{})
		if err != nil {
			return fmt.Errorf("PV %s: %w", m.pv.Device.Path, err)
		}
		a.Committed = l
	}
	return nil
}

func (m *move) ignored() bool { return m.ignoredFlag() != 0 }

func (m *move) ignoredFlag() uint32 {
	for _, a := range m.leaving() {
		return a.Committed.Flags & disk.FlagIgnored
	}
	return 0
}

// arrive writes the new areas, and then the label.
func (m *move) arrive() error {
	if err := m.write(m.added()); err != nil {
		return err
	}
	return m.label(m.header, m.after)
}

// back undoes arrive, or what was done of it.
func (m *move) back() error {
	if m.overlaps {
		leaving := m.leaving()
		if err := m.plan(leaving, m.text); err != nil {
			return err
		}
		if err := m.write(leaving); err != nil {
			return err
		}
	}
	return m.label(m.before, m.areas)
}

// write writes areas as they were planned.
func (m *move) write(areas []*DiskArea) error {
	for _, a := range areas {
		if !a.Committed.Empty() {
			for _, w := range a.Writes(m.text, a.Committed) {
				if _, err := m.pv.Device.WriteAt(w.Data, int64(w.Start)); err != nil {
					return deviceError(m.pv, "write metadata", err)
				}
			}
		}
		if err := m.pv.writeArea(a, disk.AreaHeader{Area: a.Area, Committed: a.Committed}); err != nil {
			return err
		}
	}
	if len(areas) == 0 {
		return nil
	}
	return deviceError(m.pv, "flush", m.pv.Device.Sync())
}

// label makes h the header of the PV. It is used as it was.
func (m *move) label(h disk.PVHeader, areas []*DiskArea) error {
	h.Sector = m.before.Sector
	h.Version, h.Flags = m.pv.Header.Version, m.pv.Header.Flags
	if err := m.pv.writeLabel(h); err != nil {
		return err
	}
	m.pv.Areas = areas
	return deviceError(m.pv, "flush", m.pv.Device.Sync())
}

// planMoves prepares those that come before the VG: their new areas get the text
// that the VG has.
func (c *commit) planMoves() error {
	for _, m := range c.moves {
		if !m.grows {
			continue
		}
		text, err := c.newestText(m)
		if err != nil {
			return err
		}
		if err := m.plan(m.added(), text); err != nil {
			return err
		}
	}
	return nil
}

// newestText reads the text that the VG has from an area which m does not damage. It
// is nil where there is no VG, or the PV is not in it yet.
func (c *commit) newestText(m *move) ([]byte, error) {
	if c.old == nil || len(m.added()) == 0 || !slices.Contains(c.old.PVs, m.pv) {
		return nil, nil
	}
	for _, d := range c.old.PVs {
		if d == nil {
			continue
		}
		for _, a := range d.Areas {
			if a.text != c.old.newest || m.overlaps && slices.Contains(m.leaving(), a) {
				continue
			}
			text, err := a.ReadText(d.Device, a.Committed)
			if err != nil {
				return nil, deviceError(d, "read text", err)
			}
			raw := append([]byte(text), make([]byte, int(a.Committed.Size)-len(text))...)
			if disk.Checksum(raw) == a.Committed.Checksum { // else there is something behind its end
				return raw, nil
			}
		}
	}
	return nil, fmt.Errorf("PV %s: its metadata area moves, and no other one has the text: %w", m.pv.Device.Path, ErrNoArea)
}

// moveBefore moves the areas of PVs that grow.
func (c *commit) moveBefore() error {
	for _, m := range c.moves {
		if !m.grows {
			continue
		}
		c.moved = append(c.moved, m)
		if err := m.arrive(); err != nil {
			return err
		}
	}
	return nil
}

// moveAfter moves the areas of the other PVs: the new ones get the new text.
func (c *commit) moveAfter() error {
	var errs []error
	for _, m := range c.moves {
		if m.grows {
			continue
		}
		err := m.plan(m.added(), c.text)
		if err == nil {
			err = m.arrive()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// moveBack undoes moveBefore.
func (c *commit) moveBack() error {
	var errs []error
	for _, m := range c.moved {
		errs = append(errs, m.back())
	}
	return errors.Join(errs...)
}
