package dm

import "github.com/rok-storage/rok/units"

// CloneFeature is a feature of a [Clone]. Other words than these are kept as
// they are.
type CloneFeature string

// The words of drivers/md/dm-clone-target.c.
const (
	CloneNoHydration       CloneFeature = "no_hydration" // copy nothing in the background yet
	CloneNoDiscardPassdown CloneFeature = "no_discard_passdown"
)

// Clone is Source at once, and copies it to Dest in the background and as it
// is written: target "clone", drivers/md/dm-clone-target.c (Linux 5.4).
// [CloneStatus] is its status.
//
//	0 1048576000 clone 254:0 254:1 254:2 8 1 no_hydration
//
// The zero value has no devices and no region size. The kernel keeps the words
// behind the devices as it was given them: nil Features or CoreArgs are not in
// the line, empty ones are, as "0". CoreArgs make Features be there.
type Clone struct {
	Metadata   BlockDev
	Dest       BlockDev
	Source     BlockDev // is not written
	RegionSize units.Sectors
	Features   []CloneFeature
	CoreArgs   []Arg  // hydration_threshold, hydration_batch_size: regions
	Extra      string // what follows in the line, verbatim
}

// Type returns "clone".
func (Clone) Type() string { return "clone" }

func (t *Clone) fields() []field {
	return []field{
		{"metadata device", needed{&t.Metadata}},
		{"destination device", needed{&t.Dest}},
		{"source device", needed{&t.Source}},
		{"region size", &t.RegionSize},
		{"features", words[CloneFeature]{&t.Features}},
		{"core arguments", arguments{&t.CoreArgs}},
	}
}

// AppendParams appends "METADATA DEST SOURCE REGION-SIZE" and, if they are not
// nil, "#FEATURES FEATURE…" and "#ARGS KEY VALUE…". It fails where a device is
// not set.
func (t Clone) AppendParams(b []byte) ([]byte, error) {
	list := t.fields()
	switch {
	case t.CoreArgs != nil:
	case t.Features != nil:
		list = list[:5]
	default:
		list = list[:4]
	}
	return appendFields(b, list, t.Extra)
}

func parseClone(s string) (Target, error) {
	var t Clone
	p := tableParams(t.Type(), s)
	list := t.fields()
	p.fields(4, list[:4])
	if p.isNumber() {
		t.Features = []CloneFeature{}
		list[4].read(p)
		if p.isNumber() {
			t.CoreArgs = []Arg{}
			list[5].read(p)
		}
	}
	t.Extra = p.extra()
	return t, p.end()
}

// CloneMode is what a clone says of itself in its status.
type CloneMode string

// The modes that clone_status of drivers/md/dm-clone-target.c prints.
const (
	CloneReadWrite CloneMode = "rw"
	CloneReadOnly  CloneMode = "ro" // its metadata cannot be written
	// CloneFail is a clone that does no I/O any more; CloneError one whose
	// figures the kernel could not read. Nothing else is known then.
	CloneFail  CloneMode = "Fail"
	CloneError CloneMode = "Error"
)

// CloneStatus is the status of a [Clone].
//
//	0 1048576000 clone 8 8/1024 8 512/131072000 1 0 4 hydration_threshold 1 hydration_batch_size 1 rw
//
// With Mode [CloneFail] or [CloneError] the line is that word alone and all
// other fields are zero.
type CloneStatus struct {
	MetadataBlockSize                       units.Sectors
	UsedMetadataBlocks, TotalMetadataBlocks uint64
	RegionSize                              units.Sectors
	HydratedRegions, TotalRegions           uint64
	HydratingRegions                        uint64
	Features                                []CloneFeature
	CoreArgs                                []Arg
	Mode                                    CloneMode
	Extra                                   string // what follows, verbatim
}

// Type returns "clone".
func (CloneStatus) Type() string { return "clone" }

func (s *CloneStatus) fields() []field {
	return []field{
		{"metadata block size", &s.MetadataBlockSize},
		{"metadata blocks", ratio{&s.UsedMetadataBlocks, &s.TotalMetadataBlocks}},
		{"region size", &s.RegionSize},
		{"hydrated regions", ratio{&s.HydratedRegions, &s.TotalRegions}},
		{"hydrating regions", &s.HydratingRegions},
		{"features", words[CloneFeature]{&s.Features}},
		{"core arguments", arguments{&s.CoreArgs}},
		{"mode", (*string)(&s.Mode)},
	}
}

// AppendStatus appends the line as the kernel printed it.
func (s CloneStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b)
	if s.MetadataBlockSize == 0 {
		l.word(string(s.Mode))
	} else {
		l.fields(0, s.fields())
	}
	return l.extra(s.Extra).b
}

func parseCloneStatus(params string) (Status, error) {
	var s CloneStatus
	p := statusParams(s.Type(), params)
	switch mode := CloneMode(p.peek()); mode {
	case CloneFail, CloneError:
		p.word("mode")
		s.Mode = mode
	default:
		p.fields(8, s.fields())
		if s.MetadataBlockSize == 0 {
			p.fail("metadata block size: want a number above zero")
		}
	}
	s.Extra = p.extra()
	return s, p.end()
}
