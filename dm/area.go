package dm

import "github.com/rok-storage/rok/units"

// Area is a run of sectors of a device, as long as the target that uses it
// makes it.
type Area struct {
	Dev    BlockDev
	Offset units.Sectors // where on Dev it begins
}

func (a *Area) fields() []field {
	return []field{{"device", needed{&a.Dev}}, {"offset", &a.Offset}}
}

// areaFields lists the words of all areas.
func areaFields(areas []Area) []field {
	var list []field
	for i := range areas {
		list = append(list, areas[i].fields()...)
	}
	return list
}

// areas reads n areas.
func (p *params) areas(n uint64) []Area {
	var areas []Area
	for ; n > 0 && p.err == nil; n-- {
		var a Area
		list := a.fields()
		p.fields(len(list), list)
		areas = append(areas, a)
	}
	return areas
}
