package lvm

import (
	"slices"

	"github.com/rok-storage/rok/lvm/text"
)

// Held is a segment of a type that rok reads around and does not act on: it
// comes back out as it was, but for the names of PVs.
type Held struct {
	Type string // without flags
	// Known reports that lvm2 2.03 has the type. A VG with others is not written.
	Known bool
	Nodes []text.Node // behind "type", as they stand there
	PVs   []PVName    // what Nodes call PVs
}

// PVName is what a text calls a PV. Each text that is printed numbers them anew.
type PVName struct {
	Name string
	ID   ID
}

// Name implements [SegmentType].
func (t *Held) Name() string { return t.Type }

// heldKeys are, for a type that lvm2 2.03 has besides those that rok acts on
// (lib/metadata/segtype.h), the keys whose strings are names of LVs, besides those
// that are lists of names and extents. Nil: no such type.
func heldKeys(name string) []string {
	switch name {
	case "mirror":
		return []string{"mirror_log"}
	case "raid0", "raid0_meta", "raid1", "raid10", "raid10_near", "raid4",
		"raid5", "raid5_n", "raid5_la", "raid5_ra", "raid5_ls", "raid5_rs",
		"raid6", "raid6_zr", "raid6_nr", "raid6_nc", "raid6_n_6",
		"raid6_ls_6", "raid6_rs_6", "raid6_la_6", "raid6_ra_6":
		return []string{"raids", "raid0_lvs"}
	case "cache":
		return []string{"cache_pool", "origin"}
	case "cache-pool":
		return []string{"data", "metadata"}
	case "writecache":
		return []string{"writecache", "origin"}
	case "integrity":
		return []string{"origin", "meta_dev"}
	case "vdo":
		return []string{"vdo_pool"}
	case "vdo-pool":
		return []string{"data"}
	}
	return nil
}

// heldAreas is the key of the only list of names and extents that they have.
const heldAreas = "mirrors"

// Areas are the PVs and LVs that t has with an extent behind them, as lvm2 lists
// areas. Each is as long as the segment.
func (t *Held) Areas() []Area {
	var areas []Area
	eachHeldValues(t.Nodes, func(n *text.Node, values []text.Value) {
		if t.Known && n.Key != heldAreas {
			return
		}
		for i := 1; i < len(values); i++ {
			name, start := values[i-1], values[i]
			if name.Kind != text.String || start.Kind != text.Int || start.Int < 0 {
				continue
			}
			a := Area{Start: Extents(start.Int)}
			if a.PV = t.pv(name.Text); a.PV.IsZero() {
				a.LV = name.Text
			}
			areas = append(areas, a)
		}
	})
	return areas
}

// LVs are the LVs that t has without an extent behind them. Of a type that is
// not known these are all words that may be such.
func (t *Held) LVs() []string {
	var names []string
	keys := heldKeys(t.Type)
	eachHeldValues(t.Nodes, func(n *text.Node, values []text.Value) {
		if t.Known && !slices.Contains(keys, n.Name()) {
			return
		}
		for i, v := range values {
			area := i+1 < len(values) && values[i+1].Kind == text.Int
			if v.Kind == text.String && !area && v.Text != "" {
				names = append(names, v.Text)
			}
		}
	})
	return names
}

// pv returns the PV that t calls name, or none.
func (t *Held) pv(name string) ID {
	for i := range t.PVs {
		if t.PVs[i].Name == name {
			return t.PVs[i].ID
		}
	}
	return ID{}
}

// eachHeldValues calls yield with each assignment of nodes, and of the sections
// among them.
func eachHeldValues(nodes []text.Node, yield func(n *text.Node, values []text.Value)) {
	for i := range nodes {
		n := &nodes[i]
		if n.Section {
			eachHeldValues(n.Nodes, yield)
			continue
		}
		if values, err := n.Values(); err == nil {
			yield(n, values)
		}
	}
}
