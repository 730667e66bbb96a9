package interop_test

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/lvm"
)

// newPV are options of what makes PVs, now and then.
func (g *generator) newPV() []string {
	switch g.r.IntN(10) {
	case 0:
		return []string{"--metadatasize", one(g, []string{"256k", "512k", "1500k", "64k"})}
	case 1:
		return []string{"--dataalignment", one(g, []string{"64k", "1536k", "192k", "2m"})}
	case 2:
		return []string{"--pvmetadatacopies", "2"}
	case 3:
		return []string{"--dataalignmentoffset", "64k"}
	}
	return nil
}

func (g *generator) pvcreate(wrong bool) []string {
	orphans, empty := g.s.unused(g.st)
	if wrong {
		if _, pv, i := g.pv(); pv != nil {
			return args("pvcreate", disk(i))
		}
	}
	list := empty
	if len(empty) == 0 || g.chance(20) {
		list = orphans
	}
	if len(list) == 0 {
		return nil
	}
	more := g.newPV()
	switch {
	case len(orphans)+len(empty) < len(g.s.disks) && g.chance(10):
		more = []string{"--pvmetadatacopies", "0"}
	case g.chance(5):
		more = []string{"--metadataignore", "y"}
	case g.chance(10):
		more = []string{"--bootloaderareasize", one(g, []string{"512k", "1m"})}
	}
	return args("pvcreate", more, disks(some(g, list, 3)))
}

func (g *generator) pvremove(wrong bool) []string {
	orphans, empty := g.s.unused(g.st)
	if wrong {
		if _, pv, i := g.pv(); pv != nil && g.chance(70) {
			return args("pvremove", disk(i))
		}
		orphans = empty
	}
	if len(orphans) == 0 {
		return nil
	}
	return args("pvremove", disks(some(g, orphans, 2)))
}

func (g *generator) pvresize(wrong bool) []string {
	vg, pv, i := g.pv()
	if orphans, _ := g.s.unused(g.st); len(orphans) > 0 && (vg == nil || g.chance(20)) {
		i = one(g, orphans)
	} else if vg == nil {
		return nil
	}
	if d, err := g.st.scan.PV(g.s.disks[i].Path()); err == nil && len(d.Areas) > 1 {
		return nil // lvm2 has internal errors over the second area
	}
	size := int(g.s.sizes[i] >> 10)
	if wrong {
		if pv != nil && g.chance(50) {
			return args("pvresize", "--setphysicalvolumesize", "1m", disk(i))
		}
		return args("pvresize", "--setphysicalvolumesize", "17k", disk(i))
	}
	if g.chance(40) {
		return args("pvresize", disk(i))
	}
	return args("pvresize", "--setphysicalvolumesize", strconv.Itoa(size*(60+g.r.IntN(40))/100)+"k", disk(i))
}

func (g *generator) pvchange(wrong bool) []string {
	_, pv, i := g.pv()
	if pv == nil {
		return nil
	}
	if orphans, _ := g.s.unused(g.st); wrong && len(orphans) > 0 {
		return args("pvchange", "-x", "n", disk(one(g, orphans)))
	}
	yes := !pv.Allocatable()
	if g.chance(10) {
		yes = !yes
	}
	return args("pvchange", "-x", yesNo(yes), disk(i))
}

func (g *generator) pvtags(wrong bool) []string {
	_, pv, i := g.pv()
	if pv == nil {
		return nil
	}
	if orphans, _ := g.s.unused(g.st); wrong && len(orphans) > 0 && g.chance(50) {
		return args("pvchange", "--addtag", "x", disk(one(g, orphans)))
	}
	return args("pvchange", g.tagsOf(pv.Tags, wrong), disk(i))
}

func (g *generator) vgcreate(wrong bool) []string {
	orphans, empty := g.s.unused(g.st)
	free := append(orphans, empty...)
	if len(free) == 0 || len(g.st.scan.VGs) >= 3 {
		return nil
	}
	name := g.name("vg")
	more := g.newPV()
	if wrong {
		switch vg, _, i := g.pv(); {
		case vg != nil && g.chance(40):
			name = vg.Name
		case vg != nil && g.chance(50):
			return args("vgcreate", name, disk(i))
		case g.chance(50):
			name = one(g, []string{".", "..", "x*y", strings.Repeat("n", 128)})
		case len(orphans) > 0:
			// Of an empty disk lvm2 makes a PV before it refuses.
			return args("vgcreate", "-s", "3k", name, disk(one(g, orphans)))
		}
		return args("vgcreate", more, name, disk(one(g, free)))
	}
	more = args(more, "-s", one(g, []string{"128k", "128k", "256k", "64k", "1m", "384k", "32k"}))
	switch g.r.IntN(8) {
	case 0:
		more = args(more, "--alloc", one(g, policies))
	case 1:
		more = args(more, "-l", 1+g.r.IntN(6))
	case 2:
		most := 4 + g.r.IntN(6)
		more = args(more, "-p", most)
		if len(free) > most && len(orphans) > 0 {
			free = orphans // of an empty disk lvm2 makes a PV before it refuses
		} else {
			free = free[:min(len(free), most)]
		}
	case 3:
		more = args(more, "--addtag", one(g, tags))
	case 4:
		more = args(more, "--setautoactivation", "n")
	}
	return args("vgcreate", more, name, disks(some(g, free, max(1, len(free)))))
}

func (g *generator) vgextend(wrong bool) []string {
	vg := g.vg()
	if vg == nil {
		return nil
	}
	orphans, empty := g.s.unused(g.st)
	// Of an empty disk lvm2 makes a PV before it refuses.
	free := append(orphans[:len(orphans):len(orphans)], empty...)
	if wrong {
		if _, _, i := g.pv(); g.chance(60) || len(orphans) == 0 {
			return args("vgextend", vg.VG.Name, disk(i))
		}
		return args("vgextend", "none", disk(one(g, orphans)))
	}
	if most := int(vg.VG.MaxPV); most > 0 && len(vg.VG.PVs)+3 > most || !vg.VG.Status.Has(lvm.FlagResizeable) {
		free = orphans
	}
	if len(free) == 0 {
		return nil
	}
	return args("vgextend", g.newPV(), vg.VG.Name, disks(some(g, free, 3)))
}

func (g *generator) vgreduce(wrong bool) []string {
	vg, _, _ := g.pv()
	if vg == nil {
		return nil
	}
	var free, used []int
	for _, l := range vg.ReportPVs() {
		pv, err := g.st.scan.PV(l.Name)
		if err != nil {
			continue
		}
		if i := g.s.disk(g.st, pv.ID()); l.UsedExtents == 0 {
			free = append(free, i)
		} else {
			used = append(used, i)
		}
	}
	if wrong {
		if len(used) == 0 && len(free) > 1 {
			return nil // of several, lvm2 removes all but the last before it refuses
		}
		if len(used) == 0 {
			return args("vgreduce", vg.Name, disk(free[0]))
		}
		return args("vgreduce", vg.Name, disk(one(g, used)))
	}
	if len(free) == 0 || len(free) == 1 && len(used) == 0 {
		return nil
	}
	return args("vgreduce", vg.Name, disk(one(g, free)))
}

func (g *generator) vgrename(wrong bool) []string {
	vg := g.vg()
	if vg == nil {
		return nil
	}
	if wrong {
		return args("vgrename", one(g, []string{"none", vg.VG.Name}), one(g, []string{g.vg().VG.Name, "x*y", ".."}))
	}
	return args("vgrename", vg.VG.Name, g.name("vg"))
}

func (g *generator) vgremove(wrong bool) []string {
	vg := g.vg()
	switch {
	case vg == nil:
		return nil
	case wrong && len(vg.VG.LVs) > 0:
		return args("vgremove", vg.VG.Name)
	case wrong:
		return args("vgremove", "none")
	case len(vg.VG.LVs) > 3 && g.chance(60):
		return nil
	}
	return args("vgremove", "-y", vg.VG.Name)
}

func (g *generator) vgchange(wrong bool) []string {
	v := g.vg()
	if v == nil {
		return nil
	}
	vg := v.VG
	if wrong {
		switch {
		case len(vg.LVs) > 1 && g.chance(40):
			return args("vgchange", "-l", 1, vg.Name)
		case len(vg.PVs) > 1 && g.chance(40):
			return args("vgchange", "-p", 1, vg.Name)
		}
		return args("vgchange", "--alloc", "normal", "none")
	}
	switch g.r.IntN(6) {
	case 0:
		resizeable := !vg.Status.Has("RESIZEABLE")
		if g.chance(60) {
			resizeable = true
		}
		return args("vgchange", "-x", yesNo(resizeable), vg.Name)
	case 1:
		return args("vgchange", "-l", one(g, []int{0, 0, 20, len(vg.LVs) + 1}), vg.Name)
	case 2:
		return args("vgchange", "-p", one(g, []int{0, 0, 20, len(vg.PVs) + 1}), vg.Name)
	case 3:
		return args("vgchange", "--setautoactivation", yesNo(vg.Flags.Has("NOAUTOACTIVATE")), vg.Name)
	}
	return args("vgchange", "--alloc", one(g, policies), vg.Name)
}

func (g *generator) vgtags(wrong bool) []string {
	vg := g.vg()
	if vg == nil {
		return nil
	}
	return args("vgchange", g.tagsOf(vg.VG.Tags, wrong), vg.VG.Name)
}

func (g *generator) vgcfgbackup(wrong bool) []string {
	vg := g.vg()
	if vg == nil {
		return nil
	}
	if wrong {
		return args("vgcfgbackup", "-f", "%f0", "none")
	}
	name := g.name("%f")
	g.files = append(g.files, backup{name, vg.VG.ID, pvsOf(vg.VG)})
	return args("vgcfgbackup", "-f", name, vg.VG.Name)
}

// vgcfgrestore goes back to a backup of a VG that has its PVs and its name still;
// what makes it wrong is that it has not. PVs that are in the VG now, and not in the
// backup, lvm2 leaves with an old text and marked as used; rok empties them: such
// backups are not drawn.
func (g *generator) vgcfgrestore(wrong bool) []string {
	vg := g.vg()
	if vg == nil {
		return nil
	}
	for range 5 {
		f := one(g, g.files)
		if f.name == "" {
			return nil
		}
		if f.vg == vg.VG.ID && !wrong && f.pvs != pvsOf(vg.VG) {
			continue
		}
		if (f.vg == vg.VG.ID) != wrong {
			return args("vgcfgrestore", "-f", f.name, vg.VG.Name)
		}
	}
	return nil
}

// pvsOf are the IDs of the VG's PVs, sorted.
func pvsOf(vg *lvm.VG) string {
	var ids []string
	for _, pv := range vg.PVs {
		ids = append(ids, pv.ID.String())
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}
