package lvm

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// move is a PV that gets another header, and areas at other places with it. The new
// areas are written first, and then the label, which is one sector: a power cut
// leaves the old areas or the new ones. Where new areas lie in old ones, texts go where
// they touch neither the headers nor the texts of the others.
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
	text   []byte // that all areas get; nil: none
	away   []away
}

// away is a text of an area that leaves, which is in the way of a new header.
type away struct {
	area *DiskArea
	to   disk.Location
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
		l, err := m.apart(a, text, m.kept())
		if err != nil {
			return fmt.Errorf("PV %s: %w", m.pv.Device.Path, err)
		}
		a.Committed = l
	}
	return nil
}

// kept are the parts of the areas that leave which must stay until the label changes.
func (m *move) kept() (runs []disk.Run) {
	for _, a := range m.leaving() {
		runs = append(runs, disk.Run{Start: a.Start, Size: disk.HeaderSize})
		if a.counts() && a.CheckLocation(a.Committed) == nil {
			runs = append(runs, a.Runs(a.Committed)...)
		}
	}
	for _, w := range m.away {
		runs = append(runs, w.area.Runs(w.to)...)
	}
	return runs
}

// apart places a text in an area where it touches none of runs.
func (m *move) apart(a *DiskArea, text []byte, runs []disk.Run) (disk.Location, error) {
	l, err := a.Place(text, disk.Location{})
	if err != nil {
		return l, err
	}
	for ; l.Offset+l.Size+units.SectorSize <= a.Size; l.Offset += units.SectorSize {
		if !touch(a.Runs(l), runs) {
			return l, nil
		}
	}
	return l, fmt.Errorf("its metadata area moves over itself, without room for a second text: %w", ErrNoArea)
}

// touch reports whether two lists of runs have a sector in common.
func touch(some, others []disk.Run) bool {
	const mask = units.SectorSize - 1
	for _, a := range some {
		for _, b := range others {
			if a.Start&^mask < (b.Start+b.Size+mask)&^mask && b.Start&^mask < (a.Start+a.Size+mask)&^mask {
				return true
			}
		}
	}
	return false
}

// clearWay finds other places for texts that lie where a new header will be.
func (m *move) clearWay(text []byte) error {
	var headers []disk.Run
	for _, a := range m.added() {
		headers = append(headers, disk.Run{Start: a.Start, Size: disk.HeaderSize})
	}
	for _, a := range m.leaving() {
		if text == nil || !a.counts() || a.CheckLocation(a.Committed) != nil || !touch(a.Runs(a.Committed), headers) {
			continue
		}
		l, err := m.apart(a, text, append(headers, a.Runs(a.Committed)...))
		if err != nil {
			return fmt.Errorf("PV %s: %w", m.pv.Device.Path, err)
		}
		m.away = append(m.away, away{a, l})
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
	for _, w := range m.away {
		text := w.area.text
		w.area.Committed = w.to
		if err := m.writeText(w.area); err != nil {
			return err
		}
		if err := deviceError(m.pv, "flush", m.pv.Device.Sync()); err != nil {
			return err
		}
		if err := m.write([]*DiskArea{w.area}); err != nil {
			return err
		}
		w.area.text = text
	}
	if err := m.write(m.added()); err != nil {
		return err
	}
	return m.label(m.header, m.after)
}

// back undoes arrive, or what was done of it: the old areas are as they were.
func (m *move) back() error { return m.label(m.before, m.areas) }

// write writes areas as they were planned.
func (m *move) write(areas []*DiskArea) error {
	for _, a := range areas {
		if err := m.writeText(a); err != nil {
			return err
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

// writeText writes the text of an area, if it has one.
func (m *move) writeText(a *DiskArea) error {
	if a.Committed.Empty() {
		return nil
	}
	for _, w := range a.Writes(m.text, a.Committed) {
		if _, err := m.pv.Device.WriteAt(w.Data, int64(w.Start)); err != nil {
			return deviceError(m.pv, "write metadata", err)
		}
	}
	return nil
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
		if err := m.clearWay(text); err != nil {
			return err
		}
		if err := m.plan(m.added(), text); err != nil {
			return err
		}
	}
	return nil
}

// newestText reads the text that the VG has from an area and is
// nil where there is no VG, or the PV is not in it yet.
func (c *commit) newestText(m *move) ([]byte, error) {
	if c.old == nil || len(m.added()) == 0 || !slices.Contains(c.old.PVs, m.pv) {
		return nil, nil
	}
	for _, d := range c.old.PVs {
		if d == nil {
			continue
		}
		for _, a := range d.Areas {
			if a.text != c.old.newest {
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
