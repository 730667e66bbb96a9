package lvm

import (
	"strconv"
	"strings"

	"github.com/rok-storage/rok/lvm/text"
)

// eachHeldArea calls yield with each name of the entries that has a number
// behind it, which is how lvm2 writes the area of a PV or LV.
func eachHeldArea(nodes []text.Node, yield func(name string, start int64)) {
	for i := range nodes {
		n := &nodes[i]
		if n.Section {
			eachHeldArea(n.Nodes, yield)
			continue
		}
		values, err := n.Values()
		if err != nil {
			continue
		}
		for j := 1; j < len(values); j++ {
			if values[j-1].Kind == text.String && values[j].Kind == text.Int {
				yield(values[j-1].Text, values[j].Int)
			}
		}
	}
}

// heldPV returns the index of the PV that a held type's text calls name, or -1.
func (b *Batch) heldPV(name string) int {
	number, found := strings.CutPrefix(name, "pv")
	n, err := strconv.ParseUint(number, 10, 31)
	if !found || err != nil || int(n) >= len(b.pvs) {
		return -1
	}
	return int(n)
}

// heldIn returns the held type that m is one of, or a part of, or built on;
// nil where there is none. Beyond LVs in seen it does not look.
func (b *Batch) heldIn(m *member) *Held {
	return b.heldAround(m, map[*member]bool{})
}

func (b *Batch) heldAround(m *member, seen map[*member]bool) *Held {
	if seen[m] {
		return nil
	}
	seen[m] = true
	for i := range m.lv.Segments {
		if t, ok := m.lv.Segments[i].Type.(*Held); ok {
			return t
		}
	}
	var found *Held
	// What it is a part of.
	b.links.each(m.lv.Name, func(user *member, as role) bool {
		if as == roleHeld || as == roleArea {
			found = b.heldAround(user, seen)
		}
		return found == nil
	})
	if found != nil {
		return found
	}
	// What it lies on.
	eachLink(m.lv, func(name string, as role) bool {
		switch part := b.names[name]; {
		case part == nil:
		case as == roleArea || as == rolePoolData || as == rolePoolMetadata || as == roleCOW:
			found = b.heldAround(part, seen)
		}
		return found == nil
	})
	return found
}

// notHeld refuses m where it has to do with a type that rok does not act on.
func (b *Batch) notHeld(m *member) error {
	if t := b.heldIn(m); t != nil {
		return &OpError{Err: ErrNotSupported, Type: t.Type}
	}
	return nil
}
