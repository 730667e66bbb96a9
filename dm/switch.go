package dm

import "github.com/rok-storage/rok/units"

// Switch spreads a segment over several paths, region by region, as messages
// tell it: target "switch", drivers/md/dm-switch.c. Its status is empty.
//
//	0 2048 switch 2 64 0 8:16 0 8:32 0
//
// The zero value has no paths, which the kernel refuses.
type Switch struct {
	RegionSize units.Sectors // 32 bits
	Options    []string      // none is known
	Paths      []Area
	Extra      string // what follows in the line, verbatim
}

// Type returns "switch".
func (Switch) Type() string { return "switch" }

// AppendParams appends "#PATHS REGION-SIZE #OPTIONS OPTION…" and "DEV OFFSET"
// of each path. It fails where a path has no device or an option is no word.
func (t Switch) AppendParams(b []byte) ([]byte, error) {
	list := []field{
		{"number of paths", length(len(t.Paths))},
		{"region size", &t.RegionSize},
		{"number of options", length(len(t.Options))},
	}
	for i := range t.Options {
		list = append(list, field{"option", &t.Options[i]})
	}
	return appendFields(b, append(list, areaFields(t.Paths)...), t.Extra)
}

func parseSwitch(s string) (Target, error) {
	var t Switch
	p := tableParams(t.Type(), s)
	paths := p.uint("number of paths", 32)
	t.RegionSize = p.sectors("region size")
	t.Options = p.list(int(p.uint("number of options", 16)), "option")
	t.Paths = p.areas(paths)
	t.Extra = p.extra()
	return t, p.end()
}
