package lvm

import (
	"github.com/rok-storage/rok/lvm/text"
	"github.com/rok-storage/rok/units"
)

// Summary is what the beginning of a VG's text says.
type Summary struct {
	Name       string
	ID         ID
	Seqno      uint32
	Status     Flags
	Flags      Flags
	SystemID   string
	LockType   string
	ExtentSize units.Sectors
}

// ParseSummary reads a text up to its PVs, whose number and that of the LVs do
// not count for the time that it takes. What comes behind is not looked at. The
// error is a [*text.Error].
func ParseSummary(src string, form Form) (Summary, error) {
	d := decoder{r: text.NewReader(src), form: form, vg: &VG{}}
	d.summary()
	if err := d.r.Err(); err != nil {
		return Summary{}, err
	}
	vg := d.vg
	return Summary{vg.Name, vg.ID, vg.Seqno, vg.Status, vg.Flags, vg.SystemID, vg.LockType, vg.ExtentSize}, nil
}

func (d *decoder) summary() {
	r := d.r
	for r.Next() {
		if !r.Section() {
			continue
		}
		if d.form == OnDisk && r.Offset() != 0 {
			break
		}
		d.vg.Name = r.Key()
		e := d.open("VG", vgKeys[:vgPVs], nil)
		e.leave = true
		for e.next() {
			if e.index >= 0 {
				d.readVGKey(e.index)
			} else if r.Section() {
				break
			}
		}
		e.need(vgID, vgSeqno, vgStatus)
		if what := nameFault(d.vg.Name); what != "" {
			r.Fail(d.vgAt, e.fault(ErrName, "the name %s", what))
		}
		return
	}
	r.Fail(0, &Fault{Object: "text", What: "it does not begin with the name of a VG", Err: ErrStructure})
}
