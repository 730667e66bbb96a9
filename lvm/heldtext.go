package lvm

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rok-storage/rok/lvm/text"
	"github.com/rok-storage/rok/units"
)

// read keeps the entry that the reader is at.
func (t *Held) read(d *decoder) {
	t.Nodes = append(t.Nodes, d.r.Node())
}

// namePVs finds the PVs among the areas of t.
func (t *Held) namePVs(d *decoder) {
	for _, a := range t.Areas() { // none is a PV yet
		pv := d.pvOf(a.LV)
		if pv >= 0 && !slices.ContainsFunc(t.PVs, func(n PVName) bool { return n.Name == a.LV }) {
			t.PVs = append(t.PVs, PVName{Name: a.LV, ID: d.vg.PVs[pv].ID})
		}
	}
}

func (t *Held) print(p *printer) {
	p.nodes(t.Nodes, func(n *text.Node) text.Node {
		changed := *n
		changed.Raw = t.renamePVs(p, n)
		if n.Comment == "" && p.form == Backup {
			changed.Comment = t.comment(p, n)
		}
		return changed
	})
}

// nodes prints entries, and those of their sections, as change makes them.
func (p *printer) nodes(nodes []text.Node, change func(n *text.Node) text.Node) {
	for i := range nodes {
		n := &nodes[i]
		if !n.Section {
			c := change(n)
			p.b = c.Append(p.b, p.textDepth())
			continue
		}
		for range n.Blank {
			p.blank()
		}
		p.head(n.Key)
		p.nodes(n.Nodes, change)
		p.close()
	}
}

// renamePVs returns the value of n with the names that the PVs have now.
func (t *Held) renamePVs(p *printer, n *text.Node) string {
	if len(t.PVs) == 0 {
		return n.Raw
	}
	values, err := n.Values()
	if err != nil {
		return n.Raw
	}
	var b []byte
	done := 0
	for i := 1; i < len(values); i++ {
		name := values[i-1]
		if name.Kind != text.String || values[i].Kind != text.Int {
			continue
		}
		id := t.pv(name.Text)
		if id.IsZero() || p.pv(id) == name.Text {
			continue
		}
		b = append(b, n.Raw[done:name.Offset]...)
		b = text.AppendString(b, p.pv(id))
		done = name.End
	}
	if done == 0 {
		return n.Raw
	}
	return string(append(b, n.Raw[done:]...))
}

// comment is what lvm2 prints behind the value of n in a backup:
// lib/mirror/mirrored.c and lib/vdo/vdo.c.
func (t *Held) comment(p *printer, n *text.Node) string {
	const sectorsPerMiB = 2048
	var unit units.Sectors
	switch key := n.Key; t.Type {
	case "mirror":
		if key == "extents_moved" {
			unit = p.vg.ExtentSize
		}
	case "vdo-pool":
		switch {
		case key == "header_size":
			unit = 1
		case key == "virtual_extents":
			unit = p.vg.ExtentSize
		case strings.HasSuffix(key, "_size_mb"):
			unit = sectorsPerMiB
		}
	}
	count, err := strconv.ParseUint(n.Raw, 10, 32)
	if unit == 0 || err != nil {
		return ""
	}
	return sizeComment(units.Sectors(count) * unit)
}

// history prints the LVs that were, whose times have comments in a backup.
func (p *printer) history(n *text.Node) {
	p.nodes([]text.Node{*n}, func(n *text.Node) text.Node {
		changed := *n
		seconds, err := strconv.ParseInt(n.Raw, 10, 64)
		if n.Comment == "" && p.form == Backup && err == nil && strings.HasSuffix(n.Key, "_time") {
			changed.Comment = p.timeComment(seconds)
		}
		return changed
	})
}

// timeComment is lvm2's comment for a time.
func (p *printer) timeComment(seconds int64) string {
	if seconds != p.lastTime || p.lastComment == "" { // LVs are often made together
		p.lastTime = seconds
		p.lastComment = time.Unix(seconds, 0).In(p.zone).Format("2006-01-02 15:04:05 -0700")
	}
	return p.lastComment
}
