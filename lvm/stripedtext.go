package lvm

import (
	"math"
	"strconv"

	"github.com/rok-storage/rok/lvm/text"
	"github.com/rok-storage/rok/units"
)

// The keys of a striped segment: _striped_text_export, lib/striped/striped.c.
const (
	stripedCount = segOwn + iota
	stripedSize
	stripedAreas
)

var stripedKeys = []string{
	segStart: "start_extent", segLength: "extent_count", segReshape: "reshape_count", segType: "type", segTags: "tags",
	stripedCount: "stripe_count", stripedSize: "stripe_size", stripedAreas: "stripes",
}

func (t *Striped) read(d *decoder, e *entries) {
	switch e.index {
	case stripedCount:
		d.stripes = int(d.r.Int(1, math.MaxInt32))
	case stripedSize:
		t.StripeSize = units.Sectors(d.r.Uint32())
	case stripedAreas:
		t.Areas = d.readAreas(e)
	}
}

// readAreas reads a list of names of PVs or LVs, an extent behind each.
func (d *decoder) readAreas(e *entries) []Area {
	values := d.r.Values()
	if len(values)%2 != 0 {
		d.r.Fail(d.r.ValueOffset(), e.fault(ErrStructure, "%s is not a list of names and extents", e.after))
		return nil
	}
	areas := d.areas.take(len(values) / 2)
	for i := range areas {
		name, start := values[2*i], values[2*i+1]
		if name.Kind != text.String || name.Text == "" || start.Kind != text.Int || start.Int < 0 || start.Int > math.MaxUint32 {
			d.r.Fail(name.Offset, e.fault(ErrStructure, "%s is not a list of names and extents", e.after))
			return nil
		}
		areas[i].Start = Extents(start.Int)
		if pv := d.pvOf(name.Text); pv >= 0 {
			areas[i].PV = d.vg.PVs[pv].ID
		} else {
			areas[i].LV = name.Text
		}
	}
	return areas
}

func (t *Striped) print(p *printer) {
	p.key("stripe_count")
	p.b = strconv.AppendInt(p.b, int64(len(t.Areas)), 10)
	if len(t.Areas) == 1 {
		p.comment("linear")
		p.end("stripe_count")
		p.behind("stripe_size")
	} else {
		p.end("stripe_count")
		p.size("stripe_size", uint64(t.StripeSize), t.StripeSize)
	}
	p.blank()
	p.areas("stripes", t.Areas)
}
