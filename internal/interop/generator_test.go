package interop_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/lvm"
)

// generator draws operations that fit what is there, and some that do not.
type generator struct {
	r     *rand.Rand
	s     *stand
	st    *state
	kinds []kind
	done  map[string]map[actor]int // of each kind, in this round and those before
	wrong int                      // how many operations in a hundred are to be refused; others are, too, that do not fit
	names int
	files []backup
}

// backup is a file that vgcfgbackup wrote.
type backup struct {
	name string
	vg   lvm.ID
	pvs  string
}

// kind is a kind of operation. make returns nil where there is nothing that it
// could be done to; wrong asks for one that is to be refused.
type kind struct {
	name   string
	weight int
	make   func(g *generator, wrong bool) []string
}

var kinds = []kind{
	{"pvcreate", 5, (*generator).pvcreate},
	{"pvremove", 5, (*generator).pvremove},
	{"pvresize", 3, (*generator).pvresize},
	{"pvchange -x", 2, (*generator).pvchange},
	{"pvchange tags", 2, (*generator).pvtags},
	{"vgcreate", 4, (*generator).vgcreate},
	{"vgextend", 5, (*generator).vgextend},
	{"vgreduce", 6, (*generator).vgreduce},
	{"vgrename", 2, (*generator).vgrename},
	{"vgremove", 3, (*generator).vgremove},
	{"vgchange", 3, (*generator).vgchange},
	{"vgchange tags", 2, (*generator).vgtags},
	{"vgcfgbackup", 2, (*generator).vgcfgbackup},
	{"vgcfgrestore", 5, (*generator).vgcfgrestore},
	{"lvcreate linear", 4, (*generator).lvcreateLinear},
	{"lvcreate striped", 3, (*generator).lvcreateStriped},
	{"lvcreate placed", 3, (*generator).lvcreatePlaced},
	{"lvcreate share", 2, (*generator).lvcreateShare},
	{"lvextend", 3, (*generator).lvextend},
	{"lvextend placed", 3, (*generator).lvextendPlaced},
	{"lvreduce", 3, (*generator).lvreduce},
	{"lvremove", 3, (*generator).lvremove},
	{"lvrename", 3, (*generator).lvrename},
	{"lvchange -p", 2, (*generator).lvpermission},
	{"lvchange --alloc", 2, (*generator).lvpolicy},
	{"lvchange -r", 3, (*generator).lvreadahead},
	{"lvchange flags", 2, (*generator).lvflags},
	{"lvchange tags", 2, (*generator).lvtags},
}

// next draws an operation: who does it, and a kind, of which those come sooner
// that did not come yet.
func (g *generator) next(st *state) *operation {
	g.st = st
	by := byLVM2
	if g.r.IntN(2) == 0 {
		by = byRok
	}
	for {
		total := 0.0
		share := func(k kind) float64 { n := float64(1 + g.done[k.name][by]); return float64(k.weight) / (n * n * n * n) }
		for _, k := range g.kinds {
			total += share(k)
		}
		at := g.r.Float64() * total
		for _, k := range g.kinds {
			if at -= share(k); at >= 0 {
				continue
			}
			if args := k.make(g, g.r.IntN(100) < g.wrong); args != nil {
				if by == byRok && g.chance(25) && g.s.rokLine(args) != nil {
					by = byProgram
				}
				return &operation{by: by, kind: k.name, args: g.s.anyVG(args)}
			}
			break
		}
	}
}

// name returns a new name.
func (g *generator) name(of string) string {
	g.names++
	return of + strconv.Itoa(g.names)
}

func one[T any](g *generator, of []T) (v T) {
	if len(of) == 0 {
		return v
	}
	return of[g.r.IntN(len(of))]
}

func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }

func disk(i int) string { return "%" + strconv.Itoa(i) }

// vg draws a VG, or nil.
func (g *generator) vg() *lvm.DiskVG { return one(g, g.st.scan.VGs) }

// lv draws an LV and its VG; one that there is not where it is to be wrong.
func (g *generator) lv(wrong bool) (vg *lvm.VG, lv *lvm.LV, name string) {
	var having []*lvm.VG
	for _, v := range g.st.scan.VGs {
		if len(v.VG.LVs) > 0 {
			having = append(having, v.VG)
		}
	}
	if vg = one(g, having); vg == nil {
		return nil, nil, ""
	}
	lv = one(g, vg.LVs)
	name = vg.Name + "/" + lv.Name
	if wrong && g.chance(60) {
		name = vg.Name + "/none"
	}
	return vg, lv, name
}

// pv draws the disk of a PV that is in a VG.
func (g *generator) pv() (vg *lvm.VG, pv *lvm.PV, i int) {
	v := g.vg()
	if v == nil {
		return nil, nil, 0
	}
	pv = one(g, v.VG.PVs)
	return v.VG, pv, g.s.disk(g.st, pv.ID)
}

var policies = []string{"contiguous", "cling", "normal", "anywhere"}

// some draws so many of list at most, at least one.
func some(g *generator, list []int, most int) []int {
	list = slices.Clone(list)
	g.r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), 1+g.r.IntN(most))]
}

func disks(numbers []int) (names []string) {
	for _, n := range numbers {
		names = append(names, disk(n))
	}
	return names
}

var tags = []string{"a", "b_1", "c.d", "e+f", "g/h", "i=j", "k!l", "m:n", "o&p#q", "r-s"}

// tagging are options that add tags, or take them away.
func (g *generator) tagging(have []string) []string {
	if len(have) > 0 && g.chance(40) {
		return []string{"--deltag", one(g, have)}
	}
	args := []string{"--addtag", one(g, tags)}
	if g.chance(30) {
		args = append(args, "--addtag", one(g, tags))
	}
	return args
}

// Not among them is one of more than 1024 characters: lvm2 2.03.16 takes it, which
// its manual says it does not, and rok refuses it.
var wrongTags = []string{"a,b", "a;b", "@", "ü"}

func (g *generator) tagsOf(have []string, wrong bool) []string {
	if wrong {
		return []string{"--addtag", one(g, wrongTags)}
	}
	return g.tagging(have)
}

var wrongNames = []string{"snapshot", "snapshot1", "pvmove0", "a_tdata", "b_cdata", "c_rimage", ".", "x*y", "lvol0_pmspare", strings.Repeat("n", 128)}

func yesNo(yes bool) string {
	if yes {
		return "y"
	}
	return "n"
}

func args(parts ...any) (all []string) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			all = append(all, p)
		case []string:
			all = append(all, p...)
		default:
			all = append(all, fmt.Sprint(p))
		}
	}
	return all
}
