package lvm

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/rok-storage/rok/units"
)

// maxFaults bounds how many faults are found: a VG with more is not mended one
// by one.
const maxFaults = 1000

// Validate returns all that is wrong with vg, joined: [*Fault] values, whose
// kinds errors.Is finds. A VG without faults is one that lvm2 reads, and whose
// extents belong to one LV each.
func (vg *VG) Validate() error {
	var errs []error
	for _, f := range vg.faults() {
		errs = append(errs, f.fault)
	}
	return errors.Join(errs...)
}

// located is a fault of the PV or LV of that index, -1 where it is of none.
type located struct {
	pv, lv int
	fault  *Fault
}

// validation collects the faults of a VG.
type validation struct {
	vg     *VG
	pv, lv int // which is looked at; -1 if none is
	found  []located

	pvs map[ID]int
	lvs map[string]int // by the name
	// used are the extents of each PV that segments have.
	used [][]usedRun
	// status is the list that was looked at last, and had no fault.
	status Flags
}

func (vg *VG) faults() []located {
	v := &validation{vg: vg, pv: -1, lv: -1, pvs: make(map[ID]int, len(vg.PVs)), lvs: make(map[string]int, len(vg.LVs))}
	v.checkVG()
	for i := range vg.PVs {
		v.pv = i
		v.checkPV(vg.PVs[i])
	}
	v.pv = -1
	ids := make(map[ID]int, len(vg.LVs))
	for i, lv := range vg.LVs {
		v.lv = i
		v.checkIdentity(lv, ids)
	}
	v.used = make([][]usedRun, len(vg.PVs))
	for i := range v.used {
		v.used[i] = make([]usedRun, 0, len(vg.LVs)/len(vg.PVs)+1)
	}
	devices := map[thinVolume]int{}
	for i, lv := range vg.LVs {
		v.lv = i
		v.checkStatus(lv.Status, lvStatusWords)
		v.checkSegments(lv)
		v.checkThinDevice(lv, devices)
	}
	v.lv = -1
	v.checkLoops()
	v.checkUsed()
	return v.found
}

// add finds a fault of what is looked at.
func (v *validation) add(err error, mend, format string, args ...any) {
	if len(v.found) == maxFaults {
		return
	}
	f := &Fault{Object: "VG", Name: v.vg.Name, What: fmt.Sprintf(format, args...), Mend: mend, Err: err}
	switch {
	case v.lv >= 0:
		f.Object, f.Name = "LV", v.vg.LVs[v.lv].Name
	case v.pv >= 0:
		f.Object, f.Name = "PV", v.vg.PVs[v.pv].label()
	}
	v.found = append(v.found, located{v.pv, v.lv, f})
}

// label is what errors call a PV: its device, or its ID.
func (pv *PV) label() string {
	if pv.Device != "" {
		return pv.Device
	}
	return pv.ID.String()
}

func (v *validation) checkVG() {
	vg := v.vg
	if what := nameFault(vg.Name); what != "" {
		v.add(ErrName, "", "the name %s", what)
	}
	if vg.ID.IsZero() {
		v.add(ErrStructure, "", "no ID")
	}
	if vg.Format != "" && vg.Format != formatName {
		v.add(ErrStructure, "", "format is %q, not %q", vg.Format, formatName)
	}
	if vg.ExtentSize == 0 || vg.ExtentSize > math.MaxUint32 {
		v.add(ErrRange, "", "extents of %d sectors", vg.ExtentSize)
	}
	if len(vg.PVs) == 0 {
		v.add(ErrStructure, "", "no PV")
	}
	v.checkStatus(vg.Status, vgStatusWords)
}

func (v *validation) checkPV(pv *PV) {
	if pv.ID.IsZero() {
		v.add(ErrStructure, "", "no ID")
	} else if i, there := v.pvs[pv.ID]; there {
		v.add(ErrDuplicate, "leave one of them out", "the ID is %s's too", v.vg.PVs[i].label())
	} else {
		v.pvs[pv.ID] = v.pv
	}
	v.checkStatus(pv.Status, pvStatusWords)
	switch end, fits := pv.end(v.vg.ExtentSize); {
	case pv.Count > math.MaxUint32 || !fits:
		v.add(ErrRange, "", "%d extents from sector %d", pv.Count, pv.Start)
	case pv.Size != 0 && end-pv.Start > pv.Size: // pvresize of lvm2 writes the size of the data alone
		v.add(ErrRange, "resize the PV", "%d extents from sector %d end at sector %d of a device of %d", pv.Count, pv.Start, end, pv.Size)
	}
}

// end is the sector behind the last extent, and whether there is such a number.
func (pv *PV) end(extent units.Sectors) (end units.Sectors, fits bool) {
	if extent != 0 && units.Sectors(pv.Count) > math.MaxInt64/extent {
		return 0, false
	}
	end, err := pv.Start.Add(units.Sectors(pv.Count) * extent)
	return end, err == nil && end <= math.MaxInt64
}

// checkIdentity checks the name and the ID of an LV, before others refer to it.
func (v *validation) checkIdentity(lv *LV, ids map[ID]int) {
	if what := nameFault(lv.Name); what != "" {
		v.add(ErrName, "", "the name %s", what)
	}
	if _, there := v.lvs[lv.Name]; there {
		v.add(ErrDuplicate, "rename one of them", "there are two of that name")
	} else {
		v.lvs[lv.Name] = v.lv
	}
	if lv.ID.IsZero() {
		v.add(ErrStructure, "", "no ID")
	} else if i, there := ids[lv.ID]; there {
		v.add(ErrDuplicate, "give one of them another", "the ID is %s's too", v.vg.LVs[i].Name)
	} else {
		ids[lv.ID] = v.lv
	}
}

// The words that a status can have: lib/format_text/flags.c. One that lvm2 does
// not know makes it refuse the VG, which is what status is for.
var (
	vgStatusWords = []string{FlagRead, FlagWrite, FlagResizeable, FlagExported, FlagPVMove, FlagClustered, FlagShared, flagPartial}
	pvStatusWords = []string{FlagAllocatable, FlagExported, FlagMissing}
	lvStatusWords = []string{
		FlagRead, FlagWrite, FlagVisible, FlagFixedMinor, FlagPVMove, FlagLocked, FlagNotSynced, FlagRebuild, FlagWriteMostly,
	}
)

// flagPartial was in the status of a VG that old versions of lvm2 wrote.
const flagPartial = "PARTIAL"

func (v *validation) checkStatus(status Flags, words []string) {
	if len(status) == 0 || len(status) == len(v.status) && &status[0] == &v.status[0] {
		return
	}
	for _, word := range status {
		if !slices.Contains(words, word) {
			v.add(ErrFlag, "use the version of lvm2 that wrote it", "status %q", word)
			return
		}
	}
	if v.lv >= 0 {
		v.status = status
	}
}

// maxNameLength is that of a VG or LV: NAME_LEN without its NUL,
// lib/metadata/metadata-exported.h.
const maxNameLength = 127

// nameFault says what is wrong with the name of a VG or LV: validate_name,
// lib/misc/lvm-string.c.
func nameFault(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxNameLength:
		return fmt.Sprintf("is longer than %d characters", maxNameLength)
	case name[0] == '-':
		return "begins with a hyphen"
	case name == "." || name == "..":
		return "is a directory's"
	}
	for _, c := range []byte(name) {
		if !alphanumeric(c) && c != '.' && c != '_' && c != '-' && c != '+' {
			return fmt.Sprintf("%.130q has other characters than letters, digits and . _ - +", name)
		}
	}
	return ""
}
