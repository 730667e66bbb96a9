package lvm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// Random operations on a VG of one to four PVs, by lvm2 and by rok. Both do the
// same, extent by extent, or both refuse.
func TestOperationsAsLVM2(t *testing.T) {
	lvm2(t)
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("ROK_OPS_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
		seed = n
	}
	rounds, steps := 3, 25
	if s := os.Getenv("ROK_OPS_ROUNDS"); s != "" {
		rounds, _ = strconv.Atoi(s)
	}
	for i := range rounds {
		t.Run(fmt.Sprint(seed+uint64(i)), func(t *testing.T) {
			g := &generator{t: t, r: rand.New(rand.NewPCG(seed+uint64(i), 1))}
			g.run(steps)
		})
	}
}

// generator makes operations in both languages.
type generator struct {
	t     *testing.T
	r     *rand.Rand
	lab   *lab
	vg    *lvm.VG
	names int
	trace []string

	changed, refused int
}

type operation struct {
	args []string
	op   lvm.Op
}

func (g *generator) run(steps int) {
	pvs := 1 + g.r.IntN(4)
	var sizes []units.Bytes
	for range pvs {
		sizes = append(sizes, units.MiB+units.Bytes(8+g.r.IntN(60))*128*units.KiB)
	}
	g.lab = lvm2(g.t, sizes...)
	g.lab.must(append([]string{"vgcreate", "-s", "128k", "vg"}, g.lab.disks...)...)
	g.vg = g.lab.vg(0)
	g.trace = append(g.trace, fmt.Sprint("disks of ", sizes))
	for range steps {
		g.step()
	}
	g.t.Logf("%d changed the VG, %d were refused", g.changed, g.refused)
}

func (g *generator) step() {
	o := g.next()
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
		return
	}
	require.NoError(g.t, err, about())
	require.NoError(g.t, got.Validate(), about())
	g.vg = g.lab.vg(0)
	if want, have := string(neutral(g.vg).AppendText(nil)), string(neutral(got).AppendText(nil)); want != have {
		require.Equal(g.t, want, have, about())
	}
	g.changed++
}

func (g *generator) next() operation {
	switch n := g.r.IntN(100); {
	case n < 35 || len(g.vg.LVs) == 0:
		return g.create()
	case n < 60:
		return g.extend()
	case n < 72:
		return g.reduce()
	case n < 90:
		lv := g.lv()
		return operation{[]string{"lvremove", "-y", "vg/" + lv.Name}, lvm.RemoveLV{Name: lv.Name}}
	default:
		i := g.r.IntN(len(g.vg.PVs))
		pv := g.vg.PVs[i]
		yes := g.r.IntN(3) > 0
		word := map[bool]string{true: "y", false: "n"}[yes]
		if yes == pv.Allocatable() { // lvm2 says so, and returns 0
			return g.create()
		}
		return operation{[]string{"pvchange", "-x" + word, g.lab.disks[i]}, lvm.ChangePV{PV: pv.ID, Allocatable: yes}}
	}
}

func (g *generator) lv() *lvm.LV { return g.vg.LVs[g.r.IntN(len(g.vg.LVs))] }

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

// place names PVs, with or without ranges.
func (g *generator) place(args *[]string) (p lvm.Place) {
	if g.r.IntN(3) > 0 {
		return p
	}
	for _, i := range g.r.Perm(len(g.vg.PVs))[:1+g.r.IntN(len(g.vg.PVs))] {
		choice := lvm.PVChoice{PV: g.vg.PVs[i].ID}
		arg := g.lab.disks[i]
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
	args = append(args, "vg")
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
	args = append(args, "vg/"+lv.Name)
	op.Place = g.place(&args)
	return operation{args, op}
}

func (g *generator) reduce() operation {
	lv := g.lv()
	op := lvm.ReduceLV{Name: lv.Name}
	args := []string{"lvreduce", "-f", "-y"}
	option, value, amount := g.size("VG FREE LV", 20)
	if g.r.IntN(3) > 0 {
		op.By, value = amount, "-"+value
	} else {
		op.To = amount
	}
	return operation{append(args, option, value, "vg/"+lv.Name), op}
}
