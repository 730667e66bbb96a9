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

// heldTypes are the types that lvm2 2.03 has besides those that rok acts on:
// lib/metadata/segtype.h. For each, the keys whose strings are names of LVs,
// besides those that are lists of names and extents.
var heldTypes = map[string][]string{
	"mirror": {"mirror_log"},
	"raid0":  raidKeys, "raid0_meta": raidKeys, "raid1": raidKeys, "raid10": raidKeys, "raid10_near": raidKeys,
	"raid4": raidKeys, "raid5": raidKeys, "raid5_n": raidKeys, "raid5_la": raidKeys, "raid5_ra": raidKeys,
	"raid5_ls": raidKeys, "raid5_rs": raidKeys, "raid6": raidKeys, "raid6_zr": raidKeys, "raid6_nr": raidKeys,
	"raid6_nc": raidKeys, "raid6_ls_6": raidKeys, "raid6_rs_6": raidKeys, "raid6_la_6": raidKeys,
	"raid6_ra_6": raidKeys, "raid6_n_6": raidKeys,
	"cache":      {"cache_pool", "origin"},
	"cache-pool": {"data", "metadata"},
	"writecache": {"writecache", "origin"},
	"integrity":  {"origin", "meta_dev"},
	"vdo":        {"vdo_pool"},
	"vdo-pool":   {"data"},
}

// heldAreas is the key of the only list of names and extents that they have.
const heldAreas = "mirrors"

var raidKeys = []string{"raids", "raid0_lvs"}

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
	keys := heldTypes[t.Type]
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
