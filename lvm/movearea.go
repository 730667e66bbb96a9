package lvm

import (
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
)

// move is a PV that gets another header, and areas at other places with it. The
// label never names an area that is not whole, and one area less only where the new
// place of one is over its old one.
type move struct {
	pv      *DiskPV
	header  disk.PVHeader // as it is to be
	before  disk.PVHeader
	areas   []*DiskArea // of before
	stay    []*DiskArea
	leaving []*DiskArea
	added   []*DiskArea
	way     way
}

// way is when areas move.
type way int

const (
	// moveBehind: the new place is in front of the old one, where extents may be
	// that the PV has no longer after the change. They move behind it.
	moveBehind way = iota
	// moveAhead: the new place is behind all that the PV had. They move in front of
	// the change, which may use the room of the old ones.
	moveAhead
	// moveAround: the places overlap. The old areas are given up in front of the
	// change, and the new ones made behind it: a power cut in between leaves the
	// others.
	moveAround
)

// newMove checks the header, and finds out which areas move.
func newMove(pv *DiskPV, h disk.PVHeader) (*move, error) {
	m := &move{pv: pv, header: h, before: pv.Header, areas: pv.Areas}
	if h.ID != pv.Header.ID || !h.Writable() || !pv.Header.Writable() {
		return nil, fmt.Errorf("header of PV %s: %w", ID(h.ID), ErrUnknownHeader)
	}
	if faults := h.Check(pv.Device.Size); len(faults) > 0 {
		return nil, faults[0]
	}
	for _, at := range h.Metadata {
		i := slices.IndexFunc(pv.Areas, func(a *DiskArea) bool { return a.Area == at })
		if i >= 0 {
			m.stay = append(m.stay, pv.Areas[i])
		} else {
			m.added = append(m.added, &DiskArea{AreaHeader: disk.AreaHeader{Area: at}})
		}
	}
	for _, a := range pv.Areas {
		if !slices.Contains(m.stay, a) {
			m.leaving = append(m.leaving, a)
		}
	}
	m.way = m.choose()
	return m, nil
}

func (m *move) choose() way {
	ahead, behind := len(m.leaving) > 0, true
	for _, old := range m.leaving {
		ahead = ahead && len(m.added) > 0
		behind = behind && len(m.added) > 0
		for _, a := range m.added {
			ahead = ahead && a.Start >= old.Start+old.Size
			behind = behind && a.Start+a.Size <= old.Start
		}
	}
	switch {
	case behind:
		return moveBehind
	case ahead:
		return moveAhead
	}
	return moveAround
}

// leave is what is done in front of the change.
func (m *move) leave() error {
	switch {
	case m.way == moveAhead:
		return m.copy()
	case m.way == moveBehind:
		return nil
	}
	h := m.before
	h.Metadata = nil
	for _, a := range m.stay {
		h.Metadata = append(h.Metadata, a.Area)
	}
	if err := m.pv.writeLabel(h); err != nil {
		return err
	}
	m.pv.Areas = m.stay
	return deviceError(m.pv, "flush", m.pv.Device.Sync())
}

// copy makes the new areas have what the old ones have.
func (m *move) copy() error {
	for i, a := range m.added {
		old := m.leaving[min(i, len(m.leaving)-1)]
		var text []byte
		if !old.Damaged && !old.Ignored() && !old.Committed.Empty() {
			// One that cannot be read is empty at its new place: the change fills it.
			if t, err := old.ReadText(m.pv.Device, old.Committed); err == nil {
				text = append([]byte(t), make([]byte, int(old.Committed.Size)-len(t))...) // its zero byte
			}
		}
		if err := m.fill(a, text); err != nil {
			return err
		}
	}
	return m.relabel()
}

// back undoes leave.
func (m *move) back() error {
	if slices.Equal(m.pv.Areas, m.areas) {
		return nil
	}
	m.pv.Areas = m.areas
	if err := m.pv.writeLabel(m.before); err != nil {
		return err
	}
	return deviceError(m.pv, "flush", m.pv.Device.Sync())
}

// arrive is what is done behind the change: it writes the new areas, with the text
// where there is one, and then the label.
func (m *move) arrive(text []byte) error {
	if m.way == moveAhead {
		return nil
	}
	for _, a := range m.added {
		if err := m.fill(a, text); err != nil {
			return err
		}
	}
	return m.relabel()
}

// fill writes a new area, with the text unless it is nil or the area is ignored.
func (m *move) fill(a *DiskArea, text []byte) error {
	h := disk.AreaHeader{Area: a.Area}
	h.Committed.Flags = m.ignored()
	if text != nil && !h.Ignored() {
		l, err := a.Place(text, disk.Location{})
		if err != nil {
			return fmt.Errorf("PV %s: %w", m.pv.Device.Path, err)
		}
		for _, w := range a.Writes(text, l) {
			if _, err := m.pv.Device.WriteAt(w.Data, int64(w.Start)); err != nil {
				return deviceError(m.pv, "write metadata", err)
			}
		}
		h.Committed = l
	}
	return m.pv.writeArea(a, h)
}

// relabel makes the label name the new areas, once they are there.
func (m *move) relabel() error {
	if len(m.added) > 0 {
		if err := m.pv.Device.Sync(); err != nil {
			return deviceError(m.pv, "flush", err)
		}
	}
	h := m.header
	h.Sector = m.before.Sector
	h.Version, h.Flags = m.pv.Header.Version, m.pv.Header.Flags
	if err := m.pv.writeLabel(h); err != nil {
		return err
	}
	m.pv.Areas = append(slices.Clone(m.stay), m.added...)
	return deviceError(m.pv, "flush", m.pv.Device.Sync())
}

// ignored are the flags of the slot of a new area: those of the area that moved.
func (m *move) ignored() uint32 {
	if len(m.leaving) == 0 {
		return 0
	}
	return m.leaving[0].Committed.Flags & disk.FlagIgnored
}
