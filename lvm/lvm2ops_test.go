package lvm_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// Random operations on a VG of one to four PVs, by lvm2 and by rok. Both do the
// same, extent by extent, or both refuse.
//
// They are the same each time; ROK_OPS_SEED, ROK_OPS_ROUNDS and ROK_OPS_STEPS make
// it another test.
func TestOperationsAsLVM2(t *testing.T) {
	lvm2(t)
	number := asked(t)
	seed, rounds, steps := number("ROK_OPS_SEED", 1), number("ROK_OPS_ROUNDS", 3), number("ROK_OPS_STEPS", 25)
	for i := range rounds {
		t.Run(fmt.Sprint(seed+i), func(t *testing.T) {
			g := &generator{t: t, r: rand.New(rand.NewPCG(seed+i, 1))}
			g.run(int(steps))
		})
	}
}

// asked returns the number that a variable holds, or another.
func asked(t *testing.T) func(name string, otherwise uint64) uint64 {
	return func(name string, otherwise uint64) uint64 {
		n, err := strconv.ParseUint(cmp.Or(os.Getenv(name), fmt.Sprint(otherwise)), 10, 64)
		require.NoError(t, err)
		return n
	}
}

// generator makes operations in both languages.
type generator struct {
	t     *testing.T
	r     *rand.Rand
	lab   *lab
	pvs   []lvm.NewPV // the disks
	name  string
	vg    *lvm.VG
	thin  bool // thin volumes and snapshots, too
	names int
	cling []string // tags to cling by
	trace []string

	changed, refused int
}

type operation struct {
	args []string
	op   lvm.Op
}

func (g *generator) run(steps int) {
	pvs := 1 + g.r.IntN(4)
	g.begin(pvs)
	for range steps {
		g.step()
	}
	g.t.Logf("%d changed the VG, %d were refused", g.changed, g.refused)
}

// begin makes a VG of so many PVs.
func (g *generator) begin(pvs int) {
	var sizes []units.Bytes
	for range pvs + 1 { // one more to join the VG
		size := units.MiB + units.Bytes(8+g.r.IntN(60))*128*units.KiB
		if g.thin {
			size += 6 * units.MiB // for metadata
		}
		sizes = append(sizes, size)
	}
	more := ""
	if !g.thin && g.r.IntN(3) == 0 {
		g.cling = [][]string{{"@a"}, {"@*"}, {"@e", "@b"}}[g.r.IntN(3)]
		more = fmt.Sprintf(`allocation { cling_tag_list = [ "%s" ] }`, strings.Join(g.cling, `", "`))
		g.trace = append(g.trace, more)
	}
	g.lab = lvm2With(g.t, more, sizes...)
	for i, disk := range g.lab.disks {
		g.lab.must("pvcreate", disk)
		words := strings.Fields(g.lab.must("pvs", "--noheadings", "-o", "pv_uuid", disk))
		id, err := lvm.ParseID(words[len(words)-1]) // behind warnings
		require.NoError(g.t, err)
		sectors, err := sizes[i].Sectors()
		require.NoError(g.t, err)
		g.pvs = append(g.pvs, lvm.NewPV{ID: id, Device: disk, Size: sectors, Start: 2048})
	}
	if g.name = "vg"; g.thin {
		g.name = testenv.Name(g.t)
		g.t.Cleanup(func() {
			g.lab.must("vgchange", "-an", g.name)
			g.lab.must("vgremove", "-ff", "-y", g.name)
		})
	}
	g.lab.must(append([]string{"vgcreate", "-s", "128k", g.name}, g.lab.disks[:pvs]...)...)
	g.vg = g.lab.vg(0)
	if g.cling != nil {
		for i, pv := range g.vg.PVs {
			if tag := []string{"a", "b", "e"}[i%3]; i%2 == 0 {
				g.lab.must("pvchange", "--addtag", tag, pv.Device)
			}
		}
		g.vg = g.lab.vg(0)
	}
	want, err := lvm.NewVG(lvm.CreateVG{Name: g.name, ID: g.vg.ID, ExtentSize: 256, PVs: g.pvs[:pvs]}, lvm.Stamp{})
	require.NoError(g.t, err)
	for i := range want.PVs {
		want.PVs[i].Tags = g.vg.PVs[i].Tags
	}
	require.Equal(g.t, string(neutral(g.vg).AppendText(nil)), string(neutral(want).AppendText(nil)))
	g.trace = append(g.trace, fmt.Sprint("disks of ", sizes))
}

func (g *generator) step() {
	o := g.next()
	if g.thin {
		g.lab.must("vgchange", "-an", g.name)
		o = g.nextThin()
	} else if g.r.IntN(3) == 0 {
		o = g.nextPlaced()
	}
	g.play(o)
}

// play does o with lvm2 and with rok.
func (g *generator) play(o operation) {
	line := strings.Join(o.args, " ")
	for i, disk := range g.lab.disks {
		line = strings.ReplaceAll(line, disk, fmt.Sprintf("%%%d", i))
	}
	g.trace = append(g.trace, line)
	before := g.vg
	text := string(before.AppendText(nil))
	got, err := lvm.Apply(before, lvm.Stamp{}, o.op)
	require.Equal(g.t, text, string(before.AppendText(nil)), "the VG that was given has changed")
	out, refused := g.lab.run(o.args...)
	about := func() string {
		return fmt.Sprintf("%s\nlvm2: %v: %s\nrok: %v", strings.Join(g.trace, "\n"), refused, out, err)
	}
	if refused != nil || strings.Contains(out, "unchanged from") {
		require.Error(g.t, err, about())
		var op *lvm.OpError
		require.True(g.t, errors.As(err, &op), about())
		g.refused++
		// It may have written something, all the same: lvm2 commits some of its
		// steps, and what was to undo them may fail as well.
		g.vg = g.lab.vg(g.disk(before.PVs[0].ID))
		if left := string(neutral(g.vg).AppendText(nil)); left != string(neutral(before).AppendText(nil)) {
			g.t.Logf("lvm2 refuses, and leaves another VG: %s\n%s", out, line)
		}
		return
	}
	require.NoError(g.t, err, about())
	require.NoError(g.t, got.Validate(), about())
	got = completed(g.t, got)
	g.vg = g.lab.vg(g.disk(got.PVs[0].ID))
	g.name = g.vg.Name
	if want, have := string(neutral(g.vg).AppendText(nil)), string(neutral(got).AppendText(nil)); want != have {
		require.Equal(g.t, want, have, about())
	}
	g.changed++
}

func (g *generator) next() operation {
	switch n := g.r.IntN(100); {
	case n < 32 || len(g.vg.LVs) == 0:
		return g.create()
	case n < 54:
		return g.extend()
	case n < 64:
		return g.reduce()
	case n < 80:
		lv := g.lv()
		return operation{[]string{"lvremove", "-y", g.name + "/" + lv.Name}, lvm.RemoveLV{Name: lv.Name}}
	case n < 85:
		lv, to := g.lv(), g.word()
		return operation{[]string{"lvrename", g.name, lv.Name, to}, lvm.RenameLV{Name: lv.Name, To: to}}
	case n < 90:
		return g.change()
	case n < 95:
		return g.changePV()
	default:
		return g.changeVG()
	}
}

// word returns a name, often of something that is there.
func (g *generator) word() string {
	return []string{"a", "b", "c-d", "lvol0", "lvol7", "snapshot1", "x_tdata", ".", "v1", "v2", g.name}[g.r.IntN(11)]
}

// disk returns the index of a PV's disk.
func (g *generator) disk(id lvm.ID) int {
	return slices.IndexFunc(g.pvs, func(pv lvm.NewPV) bool { return pv.ID == id })
}

func (g *generator) yes() (bool, string) {
	if g.r.IntN(2) == 0 {
		return true, "y"
	}
	return false, "n"
}

func (g *generator) tags(args *[]string) (add, remove []string) {
	for range 1 + g.r.IntN(2) {
		tag := []string{"a", "b", "c/d", "e"}[g.r.IntN(4)]
		if g.r.IntN(2) == 0 {
			add, *args = append(add, tag), append(*args, "--addtag", tag)
		} else {
			remove, *args = append(remove, tag), append(*args, "--deltag", tag)
		}
	}
	return add, remove
}

func (g *generator) change() operation {
	lv := g.lv()
	op := lvm.ChangeLV{Name: lv.Name}
	args := []string{"lvchange"}
	switch yes, y := g.yes(); g.r.IntN(6) {
	case 0:
		op.Writable, args = &yes, append(args, map[bool]string{true: "-prw", false: "-pr"}[yes])
	case 1:
		r := []lvm.ReadAhead{lvm.ReadAheadAuto, lvm.ReadAheadNone, 8, 256}[g.r.IntN(4)]
		word := map[lvm.ReadAhead]string{lvm.ReadAheadAuto: "auto", lvm.ReadAheadNone: "none", 8: "8", 256: "256"}[r]
		op.ReadAhead, args = &r, append(args, "-r", word)
	case 2:
		p := []lvm.Allocation{lvm.AllocInherit, lvm.AllocNormal, lvm.AllocContiguous, lvm.AllocCling, lvm.AllocClingByTag, lvm.AllocAnywhere}[g.r.IntN(6)]
		op.Allocation, args = &p, append(args, "--alloc", cmp.Or(string(p), "inherit"))
	case 3:
		op.ActivationSkip, args = &yes, append(args, "-k"+y)
	case 4:
		op.AutoActivate, args = &yes, append(args, "--setautoactivation", y)
	default:
		add, remove := g.tags(&args)
		return operation{append(args, g.name+"/"+lv.Name), lvm.TagLV{Name: lv.Name, Add: add, Remove: remove}}
	}
	return operation{append(args, g.name+"/"+lv.Name), op}
}

func (g *generator) changePV() operation {
	pv := g.vg.PVs[g.r.IntN(len(g.vg.PVs))]
	disk := g.disk(pv.ID)
	switch g.r.IntN(3) {
	case 0:
		yes, y := g.yes()
		if yes == pv.Allocatable() { // lvm2 says so, and does not fail
			return g.change()
		}
		return operation{[]string{"pvchange", "-x" + y, pv.Device}, lvm.ChangePV{PV: pv.ID, Allocatable: yes}}
	case 1:
		args := []string{"pvchange"}
		add, remove := g.tags(&args)
		return operation{append(args, pv.Device), lvm.TagPV{PV: pv.ID, Add: add, Remove: remove}}
	default:
		k := units.Sectors(1024 + g.r.IntN(int(g.pvs[disk].Size)/2-1024+1))
		args := []string{"pvresize", "-y", "--setphysicalvolumesize", fmt.Sprintf("%dk", k), pv.Device}
		return operation{args, lvm.ResizePV{PV: pv.ID, Size: 2 * k}}
	}
}

func (g *generator) changeVG() operation {
	op := lvm.ChangeVG{}
	args := []string{"vgchange"}
	switch yes, y := g.yes(); g.r.IntN(9) {
	case 0:
		p := policies[g.r.IntN(len(policies))]
		op.Allocation, args = &p, append(args, "--alloc", cmp.Or(string(p), "inherit"))
	case 1:
		if g.r.IntN(3) == 0 {
			op.Resizeable, args = &yes, append(args, "-x"+y)
			break
		}
		fallthrough
	case 2:
		op.AutoActivate, args = &yes, append(args, "--setautoactivation", y)
	case 3:
		n := uint32(g.r.IntN(8))
		op.MaxLV, args = &n, append(args, "-l", fmt.Sprint(n))
	case 4:
		n := uint32(g.r.IntN(6))
		op.MaxPV, args = &n, append(args, "-p", fmt.Sprint(n))
	case 5:
		add, remove := g.tags(&args)
		return operation{append(args, g.name), lvm.TagVG{Add: add, Remove: remove}}
	case 6:
		to := []string{"vg", "vg-2", "a", "..", "vg_3"}[g.r.IntN(5)]
		return operation{[]string{"vgrename", g.name, to}, lvm.RenameVG{To: to}}
	case 7:
		i := g.r.IntN(len(g.pvs))
		return operation{[]string{"vgextend", g.name, g.lab.disks[i]}, lvm.AddPVs{PVs: []lvm.NewPV{g.pvs[i]}}}
	default:
		pv := g.vg.PVs[g.r.IntN(len(g.vg.PVs))]
		return operation{[]string{"vgreduce", g.name, pv.Device}, lvm.RemovePV{PV: pv.ID}}
	}
	return operation{append(args, g.name), op}
}

func (g *generator) lv() *lvm.LV {
	if len(g.vg.LVs) == 0 {
		return nil
	}
	return g.vg.LVs[g.r.IntN(len(g.vg.LVs))]
}

// size returns an amount as lvm2's option, and as rok's.
func (g *generator) size(shares string, most int) (option, value string, a lvm.Amount) {
	of := strings.Fields(shares)
	switch n := g.r.IntN(10); {
	case n < 6:
		e := 1 + g.r.IntN(most)
		return "-l", strconv.Itoa(e), lvm.Amount{Extents: lvm.Extents(e)}
	case n < 7:
		k := 4 * (1 + g.r.IntN(most*32))
		return "-L", fmt.Sprintf("%dk", k), lvm.Amount{Size: units.Size{Bytes: units.Bytes(k) * units.KiB}}
	default:
		p := []int{1, 5, 10, 33, 50, 99, 100}[g.r.IntN(7)]
		w := of[g.r.IntN(len(of))]
		return "-l", fmt.Sprintf("%d%%%s", p, w), lvm.Amount{Size: units.Size{Percent: uint32(p), Of: w}}
	}
}

var policies = []lvm.Allocation{
	lvm.AllocInherit, lvm.AllocInherit, lvm.AllocInherit, lvm.AllocNormal, lvm.AllocContiguous, lvm.AllocCling, lvm.AllocAnywhere,
}

func (g *generator) policy(args *[]string) lvm.Allocation {
	p := policies[g.r.IntN(len(policies))]
	if p != lvm.AllocInherit {
		*args = append(*args, "--alloc", string(p))
	}
	return p
}

func (g *generator) stripes(args *[]string) int {
	if g.r.IntN(3) > 0 {
		return 0
	}
	n := 1 + g.r.IntN(min(len(g.vg.PVs)+1, 3))
	*args = append(*args, "-i", strconv.Itoa(n))
	return n
}

func (g *generator) create() operation {
	g.names++
	op := lvm.CreateLV{Name: "v" + strconv.Itoa(g.names)}
	args := []string{"lvcreate", "-an", "-Zn", "-Wn", "-n", op.Name}
	option, value, amount := g.size("VG FREE PVS", 20)
	op.Size = amount
	args = append(args, option, value)
	op.Allocation = g.policy(&args)
	op.Stripes = g.stripes(&args)
	args = append(args, g.name)
	op.Place = g.place(&args)
	return operation{args, op}
}

func (g *generator) extend() operation {
	lv := g.lv()
	op := lvm.ExtendLV{Name: lv.Name}
	args := []string{"lvextend"}
	option, value, amount := g.size("VG FREE PVS LV", 20)
	if g.r.IntN(3) > 0 {
		op.By, value = amount, "+"+value
	} else {
		op.To = amount
	}
	args = append(args, option, value)
	op.Allocation = g.policy(&args)
	op.Stripes = g.stripes(&args)
	args = append(args, g.name+"/"+lv.Name)
	op.Place = g.place(&args)
	return operation{args, op}
}

func (g *generator) reduce() operation {
	lv := g.lv()
	op := lvm.ReduceLV{Name: lv.Name}
	args := []string{"lvreduce", "-f", "-y"}
	shares := "VG FREE LV"
	if _, thin := lv.Segments[0].Type.(*lvm.Thin); thin {
		shares = "LV" // lvm2 does strange things with others
	}
	option, value, amount := g.size(shares, 20)
	if g.r.IntN(3) > 0 {
		op.By, value = amount, "-"+value
	} else {
		op.To = amount
	}
	return operation{append(args, option, value, g.name+"/"+lv.Name), op}
}
