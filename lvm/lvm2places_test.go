package lvm_test

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/rok-storage/rok/lvm"
)

// nextPlaced is one of those that the allocator has to think about: more stripes
// than PVs, what goes on behind a segment, ranges with holes, PVs by tags.
func (g *generator) nextPlaced() operation {
	lv := g.lv()
	policy := []lvm.Allocation{lvm.AllocAnywhere, lvm.AllocContiguous, lvm.AllocCling, lvm.AllocClingByTag, lvm.AllocNormal}[g.r.IntN(5)]
	alloc := []string{"--alloc", string(policy)}
	stripes := 1 + g.r.IntN(4)
	n := 1 + g.r.IntN(30)
	size, over := lvm.Amount{Extents: lvm.Extents(n)}, []string{"-i", strconv.Itoa(stripes)}
	place, named := g.holes()
	if lv == nil || g.r.IntN(2) == 0 {
		g.names++
		op := lvm.CreateLV{Name: "v" + strconv.Itoa(g.names), Size: size, Stripes: stripes, Place: place}
		op.Allocation = policy
		args := slices.Concat([]string{"lvcreate", "-an", "-Zn", "-Wn", "-n", op.Name, "-l", strconv.Itoa(n)}, alloc, over, []string{g.name}, named)
		return operation{args, op}
	}
	op := lvm.ExtendLV{Name: lv.Name, By: size, Allocation: policy, Place: place}
	args := slices.Concat([]string{"lvextend", "-l", "+" + strconv.Itoa(n)}, alloc)
	if g.r.IntN(2) == 0 {
		op.Stripes, args = stripes, append(args, over...)
	}
	return operation{slices.Concat(args, []string{g.name + "/" + lv.Name}, named), op}
}

// holes names PVs by tags, or ranges of one with holes between them, or nothing.
func (g *generator) holes() (p lvm.Place, args []string) {
	p.ClingTags = g.cling
	switch g.r.IntN(4) {
	case 0:
		for _, tag := range []string{"a", "b"}[:1+g.r.IntN(2)] {
			p.PVs = append(p.PVs, lvm.PVChoice{Tag: tag})
			args = append(args, "@"+tag)
		}
	case 1, 2:
		pv := g.vg.PVs[g.r.IntN(len(g.vg.PVs))]
		choice, arg := lvm.PVChoice{PV: pv.ID}, pv.Device
		for at := g.r.IntN(5); at < int(pv.Count) && len(choice.Ranges) < 4; {
			last := min(at+g.r.IntN(20), int(pv.Count)-1)
			choice.Ranges = append(choice.Ranges, lvm.ExtentRange{First: lvm.Extents(at), Last: lvm.Extents(last)})
			arg += fmt.Sprintf(":%d-%d", at, last)
			at = last + 1 + g.r.IntN(6)
		}
		p.PVs, args = append(p.PVs, choice), append(args, arg)
	}
	return p, args
}

// place names PVs, with or without ranges.
func (g *generator) place(args *[]string) (p lvm.Place) {
	p.ClingTags = g.cling
	if g.r.IntN(3) > 0 {
		return p
	}
	for _, i := range g.r.Perm(len(g.vg.PVs))[:1+g.r.IntN(len(g.vg.PVs))] {
		choice := lvm.PVChoice{PV: g.vg.PVs[i].ID}
		arg := g.vg.PVs[i].Device
		if g.r.IntN(8) == 0 {
			p.PVs = append(p.PVs, lvm.PVChoice{Tag: "a"})
			*args = append(*args, "@a")
			continue
		}
		if count := int(g.vg.PVs[i].Count); g.r.IntN(3) == 0 && count > 4 {
			first := g.r.IntN(count / 2)
			last := first + g.r.IntN(count-first)
			choice.Ranges = []lvm.ExtentRange{{First: lvm.Extents(first), Last: lvm.Extents(last)}}
			arg += fmt.Sprintf(":%d-%d", first, last)
			if last+1 < count && g.r.IntN(2) == 0 {
				choice.Ranges = append(choice.Ranges, lvm.ExtentRange{First: lvm.Extents(last + 1), Last: lvm.AllExtents})
				arg += fmt.Sprintf(":%d-", last+1)
			}
		}
		p.PVs = append(p.PVs, choice)
		*args = append(*args, arg)
	}
	return p
}
