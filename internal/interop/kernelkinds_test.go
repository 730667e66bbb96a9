package interop_test

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// kernelKinds are the kinds where there is device-mapper: LVs are active or not,
// and there are thin pools and snapshots.
var kernelKinds = []kind{
	{"thin pool", 3, (*generator).poolcreate},
	{"thin volume", 3, (*generator).thincreate},
	{"thin snapshot", 3, (*generator).thinsnapshot},
	{"snapshot", 3, (*generator).cowsnapshot},
	{"linear, striped", 3, (*generator).activeLV},
	{"size", 4, (*generator).resize},
	{"removal", 3, (*generator).remove},
	{"name", 3, (*generator).rename},
	{"activation", 5, (*generator).activation},
	{"properties", 4, (*generator).properties},
}

// volumes are what the user sees of a VG, by what they are.
type volumes struct {
	vg                                  *lvm.VG
	all, pools, thins, snapshots, plain []*lvm.LV
}

// volumes are those of the first VG; ok is false where there is none.
func (g *generator) volumes() (v volumes, ok bool) {
	if len(g.st.scan.VGs) == 0 {
		return v, false
	}
	v.vg = g.st.scan.VGs[0].VG
	cows := map[string]bool{}
	for _, lv := range v.vg.LVs {
		for _, s := range lv.Segments {
			if t, ok := s.Type.(*lvm.Snapshot); ok {
				cows[t.COW] = true
			}
		}
	}
	for _, lv := range v.vg.LVs {
		if !v.vg.Visible(lv) {
			continue
		}
		v.all = append(v.all, lv)
		switch lv.Segments[0].Type.(type) {
		case *lvm.ThinPool:
			v.pools = append(v.pools, lv)
		case *lvm.Thin:
			v.thins = append(v.thins, lv)
		case *lvm.Striped:
			if cows[lv.Name] {
				v.snapshots = append(v.snapshots, lv)
			} else {
				v.plain = append(v.plain, lv)
			}
		}
	}
	return v, true
}

// newLV is a new LV's name; a wrong one is taken, or reserved.
func (g *generator) newLV(v volumes, wrong bool) string {
	switch lv := one(g, v.all); {
	case wrong && lv != nil && g.chance(60):
		return lv.Name
	case wrong && g.chance(50):
		return one(g, wrongNames[:8])
	}
	return g.name("v")
}

// most is how many volumes a VG has, about: more would make each look slow.
const most = 12

// full says that there are enough.
func (g *generator) full(v volumes) bool { return len(v.all) >= most }

func (g *generator) poolcreate(wrong bool) []string {
	v, ok := g.volumes()
	if !ok || len(v.pools) > 2 || g.full(v) {
		return nil
	}
	n := 8 + g.r.IntN(40)
	name := g.newLV(v, wrong)
	if wrong && g.chance(40) {
		n, name = free(v.vg)+1+g.r.IntN(9), g.name("v")
	}
	line := args("lvcreate", "-T", "-l", n)
	if g.chance(30) {
		line = args(line, "-c", one(g, []string{"64k", "128k", "192k", "256k"}))
	}
	if g.chance(30) {
		line = args(line, "--poolmetadatasize", one(g, []string{"2m", "3m", "4m"}))
	}
	switch g.r.IntN(8) {
	case 0:
		line = args(line, "-Z", "n")
	case 1:
		line = args(line, "--discards", one(g, []string{"ignore", "nopassdown", "passdown"}))
	case 2:
		line = args(line, "--errorwhenfull", "y")
	case 3:
		line = args(line, "--poolmetadataspare", "n")
	case 4:
		if len(v.vg.PVs) > 1 {
			line = args(line, "-i", 2)
		}
	}
	return args(line, v.vg.Name+"/"+name)
}

// more are options of a new volume, now and then.
func (g *generator) more(line []string) []string {
	switch g.r.IntN(8) {
	case 0:
		return args(line, "--addtag", one(g, tags))
	case 1:
		return args(line, "-p", "r")
	}
	return line
}

func (g *generator) thincreate(wrong bool) []string {
	v, ok := g.volumes()
	pool := one(g, v.pools)
	if !ok || pool == nil || g.full(v) {
		return nil
	}
	name, in := g.newLV(v, wrong && g.chance(50)), pool.Name
	if wrong {
		in = one(g, append([]string{"none"}, names(v.plain)...))
	}
	line := args("lvcreate", "-V", fmt.Sprintf("%dk", 4*(1+g.r.IntN(4000))), "-T", v.vg.Name+"/"+in, "-n", name)
	return g.more(line)
}

func names(lvs []*lvm.LV) (all []string) {
	for _, lv := range lvs {
		all = append(all, lv.Name)
	}
	return all
}

func (g *generator) thinsnapshot(wrong bool) []string {
	v, ok := g.volumes()
	if !ok || g.full(v) || len(v.pools) == 0 {
		return nil
	}
	line := args("lvcreate", "-s", "-n", g.newLV(v, wrong && g.chance(50)))
	// One that may be written to lvm2 refuses, and deactivates the pool before; one
	// that is active it refuses, and rok does not.
	if lv := one(g, v.plain); lv != nil && !lv.Writable() && !g.active(v.vg, lv) {
		return args(line, "--thinpool", one(g, v.pools).Name, v.vg.Name+"/"+lv.Name)
	}
	origin := "none"
	if !wrong || g.chance(50) {
		lv := one(g, v.thins)
		if lv == nil {
			return nil
		}
		origin = lv.Name
	}
	if g.chance(60) {
		line = args(line, "-k", "n")
	}
	return args(g.more(line), v.vg.Name+"/"+origin)
}

// active reports whether the first stand's kernel has the LV.
func (g *generator) active(vg *lvm.VG, lv *lvm.LV) bool {
	state, err := g.s.states(vg)
	require.NoError(g.s.t, err)
	return state(lv).Exists
}

func (g *generator) cowsnapshot(wrong bool) []string {
	v, ok := g.volumes()
	if !ok || g.full(v) {
		return nil
	}
	origin := one(g, append(v.plain, v.thins...))
	if wrong {
		origin = one(g, append(v.pools, v.snapshots...))
	}
	if origin == nil {
		return nil
	}
	line := args("lvcreate", "-s", "-l", 1+g.r.IntN(12), "-n", g.newLV(v, wrong && g.chance(50)))
	if g.chance(30) {
		line = args(line, "-c", one(g, []string{"4k", "8k", "32k", "64k"}))
	}
	return args(g.more(line), v.vg.Name+"/"+origin.Name)
}

func (g *generator) activeLV(wrong bool) []string {
	v, ok := g.volumes()
	if !ok || g.full(v) {
		return nil
	}
	line := args("lvcreate", "-n", g.newLV(v, wrong && g.chance(50)))
	n := 1 + g.r.IntN(16)
	if wrong {
		n += free(v.vg)
	}
	if len(v.vg.PVs) > 1 && g.chance(30) {
		line = args(line, "-i", 2)
	}
	if g.chance(15) {
		line = args(line, "-a", "n", "-Z", "n")
	}
	return args(g.more(line), "-l", n, v.vg.Name)
}

// resize makes an LV, or the VG, larger or smaller.
func (g *generator) resize(wrong bool) []string {
	v, ok := g.volumes()
	lv := one(g, v.all)
	if !ok || lv == nil {
		return nil
	}
	name := v.vg.Name + "/" + lv.Name
	if wrong {
		more := free(v.vg) + 100000
		if slices.Contains(v.pools, lv) {
			more = free(v.vg) + 1 // for more, lvm2 makes the metadata larger before it refuses
		}
		return one(g, [][]string{
			args("lvextend", "-l", fmt.Sprintf("+%d", more), name),
			args("lvreduce", "-l", fmt.Sprintf("-%d", lv.Size()), name),
			args("lvextend", "-l", "+1", v.vg.Name+"/none"),
			args("vgreduce", v.vg.Name, disk(len(g.s.disks)-1)),
		})
	}
	orphans, empty := g.s.unused(g.st)
	if unused := append(orphans, empty...); len(unused) > 0 && g.chance(15) {
		return args("vgextend", v.vg.Name, disk(one(g, unused)))
	}
	if n := int(lv.Size()); n > 1 && g.chance(35) {
		return args("lvreduce", "-l", "-"+strconv.Itoa(1+g.r.IntN(n-1)), name)
	}
	return args("lvextend", "-l", "+"+strconv.Itoa(1+g.r.IntN(8)), name)
}

func (g *generator) remove(wrong bool) []string {
	v, ok := g.volumes()
	lv := one(g, v.all)
	switch {
	case !ok || lv == nil:
		return nil
	case wrong:
		return args("lvremove", v.vg.Name+"/none")
	case readThrough(v.vg, lv.Name) > 1: // lvm2 removes each thin volume in a transaction of its own
		return nil
	case len(v.all) < most/2 && g.chance(70):
		return nil
	case len(v.pools) < 2 && len(v.pools) > 0 && lv == v.pools[0] && g.chance(70):
		return nil
	}
	return args("lvremove", v.vg.Name+"/"+lv.Name)
}

// readThrough is how many thin volumes have an LV as their external origin.
func readThrough(vg *lvm.VG, origin string) (n int) {
	for _, lv := range vg.LVs {
		if t, ok := lv.Segments[0].Type.(*lvm.Thin); ok && t.ExternalOrigin == origin {
			n++
		}
	}
	return n
}

func (g *generator) rename(wrong bool) []string {
	v, ok := g.volumes()
	if ok && !wrong && g.chance(20) {
		return args("vgrename", v.vg.Name, g.name(g.s.vg))
	}
	lv := one(g, v.all)
	if !ok || lv == nil {
		return nil
	}
	from := lv.Name
	if wrong && g.chance(40) {
		from = "none"
	}
	return args("lvrename", v.vg.Name+"/"+from, v.vg.Name+"/"+g.newLV(v, wrong))
}

func (g *generator) activation(wrong bool) []string {
	v, ok := g.volumes()
	lv := one(g, v.all)
	if !ok || lv == nil {
		return nil
	}
	y := yesNo(g.chance(50))
	if wrong {
		return args("lvchange", "-a", y, v.vg.Name+"/none")
	}
	if g.chance(25) {
		return args("vgchange", "-a", y, v.vg.Name)
	}
	if y == "n" && slices.Contains(v.snapshots, lv) {
		return nil // lvm2 takes the origin along, which rok refuses
	}
	line := args("lvchange", "-a", y)
	if y == "y" && lv.Flags.Has("ACTIVATION_SKIP") && g.chance(70) {
		line = args(line, "-K")
	}
	return args(line, v.vg.Name+"/"+lv.Name)
}

// properties changes what an active LV's tables, or its device, are to follow.
func (g *generator) properties(wrong bool) []string {
	v, ok := g.volumes()
	lv := one(g, v.all)
	if !ok || lv == nil {
		return nil
	}
	name := v.vg.Name + "/" + lv.Name
	if wrong {
		name = v.vg.Name + "/none"
	}
	if _, ok := lv.Segments[0].Type.(*lvm.ThinPool); ok {
		return args(one(g, [][]string{
			args("lvchange", "--discards", one(g, []string{"ignore", "nopassdown", "passdown"})),
			args("lvchange", "-Z", yesNo(g.chance(50))),
			args("lvchange", "--errorwhenfull", yesNo(g.chance(50))),
			args("lvchange", g.tagging(lv.Tags)),
		}), name)
	}
	switch g.r.IntN(6) {
	case 0, 1:
		word := map[bool]string{true: "r", false: "rw"}
		return args("lvchange", "-p", word[lv.Writable()], name)
	case 2:
		return args("lvchange", "-r", one(g, []string{"auto", "none", "256", "1024"}), name)
	case 3:
		return args("lvchange", "-k", yesNo(!lv.Flags.Has("ACTIVATION_SKIP")), name)
	case 4:
		return args("vgchange", g.tagging(v.vg.Tags), v.vg.Name)
	}
	return args("lvchange", g.tagging(lv.Tags), name)
}
