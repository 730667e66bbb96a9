package interop_test

import (
	"fmt"
	"strconv"

	"github.com/rok-storage/rok/lvm"
)

// create is the beginning of an lvcreate, and its VG.
func (g *generator) create(wrong bool) (start []string, vg *lvm.VG) {
	v := g.vg()
	if v == nil {
		return nil, nil
	}
	vg = v.VG
	name := g.name("lv")
	if wrong {
		if lv := one(g, vg.LVs); lv != nil && g.chance(30) {
			name = lv.Name
		} else if g.chance(50) {
			name = one(g, wrongNames)
		}
	}
	start = args("lvcreate", "-n", name)
	switch g.r.IntN(12) {
	case 0:
		start = args(start, "-p", "r")
	case 1:
		start = args(start, "--addtag", one(g, tags))
	case 2:
		start = args(start, "-k", "y")
	case 3:
		start = args(start, "--setautoactivation", "n")
	}
	if g.chance(30) {
		start = args(start, "--alloc", one(g, policies))
	}
	return start, vg
}

// free are the extents of vg that are not in use.
func free(vg *lvm.VG) int { return int(vg.Report().FreeExtents) }

// some extents, of which there mostly are so many.
func (g *generator) extents(vg *lvm.VG, wrong bool) int {
	n := free(vg)
	if wrong {
		return n + 1 + g.r.IntN(100)
	}
	return 1 + g.r.IntN(max(1, min(n, 24)))
}

func (g *generator) size(vg *lvm.VG, wrong bool) []string {
	n := g.extents(vg, wrong)
	if g.chance(30) {
		return []string{"-L", fmt.Sprintf("%dk", n*int(vg.ExtentSize)/2-g.r.IntN(2)*4+4)}
	}
	return []string{"-l", strconv.Itoa(n)}
}

func (g *generator) lvcreateLinear(wrong bool) []string {
	start, vg := g.create(wrong)
	if vg == nil || free(vg) == 0 && !g.chance(10) {
		return nil
	}
	return args(start, g.size(vg, wrong), vg.Name)
}

func (g *generator) lvcreateStriped(wrong bool) []string {
	start, vg := g.create(false)
	if vg == nil || len(vg.PVs) < 2 {
		return nil
	}
	n := 2 + g.r.IntN(min(len(vg.PVs)-1, 4))
	if wrong {
		n = len(vg.PVs) + 1
	}
	start = args(start, "-i", n)
	if g.chance(60) {
		size := one(g, []string{"4k", "16k", "32k", "64k"})
		if wrong && g.chance(30) {
			size = "3k"
		}
		start = args(start, "-I", size)
	}
	return args(start, g.size(vg, false), vg.Name)
}

// places are PVs behind an LV's name, with or without ranges.
func (g *generator) places(vg *lvm.VG) []string {
	var names []string
	for _, i := range g.r.Perm(len(vg.PVs))[:1+g.r.IntN(len(vg.PVs))] {
		pv := vg.PVs[i]
		name := disk(g.s.disk(g.st, pv.ID))
		if count := int(pv.Count); count > 4 && g.chance(30) {
			first := g.r.IntN(count / 2)
			name += fmt.Sprintf(":%d-%d", first, first+g.r.IntN(count-first))
			if g.chance(30) {
				name += fmt.Sprintf(":%d-", count-1-g.r.IntN(count/2))
			}
		} else if len(pv.Tags) > 0 && g.chance(50) {
			name = "@" + one(g, pv.Tags)
		}
		names = append(names, name)
	}
	return names
}

func (g *generator) lvcreatePlaced(wrong bool) []string {
	start, vg := g.create(false)
	if vg == nil || free(vg) == 0 {
		return nil
	}
	if wrong {
		orphans, empty := g.s.unused(g.st)
		if others := append(orphans, empty...); len(others) > 0 {
			return args(start, "-l", 1, vg.Name, disk(one(g, others)))
		}
		return args(start, "-l", 1, vg.Name, "@nosuchtag")
	}
	if len(vg.PVs) > 1 && g.chance(25) {
		start = args(start, "-i", 2)
	}
	return args(start, g.size(vg, false), vg.Name, g.places(vg))
}

func (g *generator) percent() int { return one(g, []int{1, 5, 10, 25, 33, 50, 100}) }

func (g *generator) lvcreateShare(wrong bool) []string {
	start, vg := g.create(false)
	if vg == nil || free(vg) == 0 {
		return nil
	}
	if wrong {
		return args(start, "-l", fmt.Sprintf("%d%%VG", 101+g.r.IntN(100)), vg.Name)
	}
	var where []string
	of := one(g, []string{"FREE", "VG", "PVS"})
	if of == "PVS" {
		where = g.places(vg)
	}
	return args(start, "-l", fmt.Sprintf("%d%%%s", g.percent(), of), vg.Name, where)
}

// growth is a new size, or how much more.
func (g *generator) growth(vg *lvm.VG, lv *lvm.LV, wrong bool) []string {
	n := g.extents(vg, wrong)
	switch g.r.IntN(6) {
	case 0:
		return []string{"-l", strconv.Itoa(int(lv.Size()) + n)}
	case 1:
		return []string{"-L", fmt.Sprintf("+%dk", max(1, n*int(vg.ExtentSize)/2-3))}
	case 2:
		if !wrong {
			return []string{"-l", fmt.Sprintf("+%d%%%s", g.percent(), one(g, []string{"FREE", "VG", "LV"}))}
		}
	}
	return []string{"-l", "+" + strconv.Itoa(n)}
}

func (g *generator) lvextend(wrong bool) []string {
	vg, lv, name := g.lv(wrong)
	if lv == nil || free(vg) == 0 && !wrong {
		return nil
	}
	return args("lvextend", g.growth(vg, lv, wrong), name)
}

func (g *generator) lvextendPlaced(wrong bool) []string {
	vg, lv, name := g.lv(wrong)
	if lv == nil || free(vg) == 0 && !wrong {
		return nil
	}
	start := args("lvextend", g.growth(vg, lv, wrong))
	if g.chance(30) {
		start = args(start, "--alloc", one(g, policies))
	}
	if g.chance(30) {
		n := 1 + g.r.IntN(min(3, len(vg.PVs)))
		start = args(start, "-i", n)
		// With -i 1 -I 16k lvm2 makes a segment of its own, of which the text does
		// not show why.
		// Without -I lvm2 takes 64 KiB even where extents are smaller.
		if n > 1 && (g.chance(50) || vg.ExtentSize < 128) {
			start = args(start, "-I", "16k")
		}
	}
	if g.chance(70) {
		return args(start, name, g.places(vg))
	}
	return args(start, name)
}

func (g *generator) lvreduce(wrong bool) []string {
	vg, lv, name := g.lv(wrong)
	if lv == nil || lv.Size() < 2 && !wrong {
		return nil
	}
	n := int(lv.Size())
	if wrong {
		return args("lvreduce", "-l", one(g, []string{fmt.Sprintf("-%d", n+1), strconv.Itoa(n + 3)}), name)
	}
	cut := 1 + g.r.IntN(n-1)
	switch g.r.IntN(4) {
	case 0:
		return args("lvreduce", "-l", n-cut, name)
	case 1:
		return args("lvreduce", "-L", fmt.Sprintf("-%dk", max(1, cut*int(vg.ExtentSize)/2-3)), name)
	case 2:
		return args("lvreduce", "-l", fmt.Sprintf("-%d%%LV", one(g, []int{10, 25, 50, 90})), name)
	}
	return args("lvreduce", "-l", fmt.Sprintf("-%d", cut), name)
}

func (g *generator) lvremove(wrong bool) []string {
	_, lv, name := g.lv(wrong)
	if lv == nil {
		return nil
	}
	if wrong {
		name = "none/" + lv.Name
	}
	return args("lvremove", name)
}

func (g *generator) lvrename(wrong bool) []string {
	vg, lv, name := g.lv(wrong)
	if lv == nil {
		return nil
	}
	to := g.name("lv")
	if wrong {
		to = one(g, append([]string{one(g, vg.LVs).Name}, wrongNames...))
	}
	return args("lvrename", name, vg.Name+"/"+to)
}

func (g *generator) lvpermission(wrong bool) []string {
	_, lv, name := g.lv(wrong)
	if lv == nil {
		return nil
	}
	word := map[bool]string{true: "r", false: "rw"}
	return args("lvchange", "-p", word[lv.Writable() != wrong], name)
}

func (g *generator) lvpolicy(wrong bool) []string {
	_, lv, name := g.lv(wrong)
	if lv == nil {
		return nil
	}
	p := one(g, append([]string{"inherit"}, policies...))
	if wrong && lv.Allocation != "" {
		p = string(lv.Allocation)
	}
	return args("lvchange", "--alloc", p, name)
}

func (g *generator) lvreadahead(wrong bool) []string {
	_, lv, name := g.lv(wrong)
	if lv == nil {
		return nil
	}
	return args("lvchange", "-r", one(g, []string{"auto", "none", "256", "8", "1024"}), name)
}

func (g *generator) lvflags(wrong bool) []string {
	_, lv, name := g.lv(wrong)
	if lv == nil {
		return nil
	}
	if g.chance(50) {
		return args("lvchange", "-k", yesNo(!lv.Flags.Has("ACTIVATION_SKIP")), name)
	}
	return args("lvchange", "--setautoactivation", yesNo(lv.Flags.Has("NOAUTOACTIVATE")), name)
}

func (g *generator) lvtags(wrong bool) []string {
	_, lv, name := g.lv(false)
	if lv == nil {
		return nil
	}
	return args("lvchange", g.tagsOf(lv.Tags, wrong), name)
}
