package lvm_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// Thin pools, thin volumes, snapshots: lvm2 makes them only where there is
// device-mapper. Whatever it activated is deactivated after each step.
//
//	vg-*      what lvm2 makes of the LVs
//	/dev/loop one to three disks
func TestKernelThinAsLVM2(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "snapshot", "module loop", "program lvm", "program thin_check")
	number := asked(t)
	seed, rounds, steps := number("ROK_OPS_SEED", 1), number("ROK_OPS_ROUNDS", 1), number("ROK_OPS_STEPS", 24)
	for i := range rounds {
		t.Run(fmt.Sprint(seed+i), func(t *testing.T) {
			g := &generator{t: t, r: rand.New(rand.NewPCG(seed+i, 2)), thin: true}
			g.run(int(steps))
		})
	}
	t.Run("a pool that does not fit", poolThatDoesNotFit)
}

// Of a pool that it refuses lvm2 leaves the spare, where there are other pools: it
// asks whether to remove it, and here nobody answers. rok leaves nothing. What comes
// next is done to what lvm2 left. This is from seed 1795701816823930473.
func poolThatDoesNotFit(t *testing.T) {
	g := &generator{t: t, r: rand.New(rand.NewPCG(1, 2)), thin: true}
	g.begin(1)
	all := lvm.Amount{Size: units.Size{Percent: 100, Of: "VG"}}
	metadata := lvm.Amount{Size: units.Size{Bytes: 3 * units.MiB}}
	g.play(operation{
		[]string{"lvcreate", "-an", "-T", "-l", "1", "--poolmetadataspare", "n", g.name + "/one"},
		lvm.CreateThinPool{Name: "one", Size: lvm.Amount{Extents: 1}, NoSpare: true},
	})
	g.play(operation{
		[]string{"lvcreate", "-an", "-T", "-l", "100%VG", "--poolmetadatasize", "3m", "--alloc", "contiguous", g.name + "/two"},
		lvm.CreateThinPool{Name: "two", Size: all, MetadataSize: metadata, Options: lvm.Options{Allocation: lvm.AllocContiguous}},
	})
	require.Equal(t, 1, g.refused)
	require.Len(t, g.vg.LVs, 4, "lvm2 left its spare")
	g.play(operation{
		[]string{"lvcreate", "-an", "-Zn", "-Wn", "-l", "2", "-n", "next", g.name},
		lvm.CreateLV{Name: "next", Size: lvm.Amount{Extents: 2}},
	})
	require.Equal(t, 2, g.changed)
}

// Pools that take a quarter to all of the VG, so that their data, metadata and spare
// are in each other's way. ROK_OPS_SEED, ROK_OPS_ROUNDS and ROK_OPS_STEPS as above.
func TestKernelLargePoolsAsLVM2(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "module loop", "program lvm", "program thin_check")
	number := asked(t)
	seed, rounds, steps := number("ROK_OPS_SEED", 5), number("ROK_OPS_ROUNDS", 1), number("ROK_OPS_STEPS", 5)
	for i := range rounds {
		t.Run(fmt.Sprint(seed+i), func(t *testing.T) {
			g := &generator{t: t, r: rand.New(rand.NewPCG(seed+i, 9)), thin: true}
			g.begin(2 + g.r.IntN(3))
			for range steps {
				g.play(g.createLargePool())
				if pools, _, _ := g.kinds(); len(pools) > 0 {
					g.play(operation{[]string{"lvremove", "-y", g.name + "/" + pools[0]}, lvm.RemoveLV{Name: pools[0]}})
				}
			}
			t.Logf("%d changed the VG, %d were refused", g.changed, g.refused)
		})
	}
}

func (g *generator) createLargePool() operation {
	total := 0
	for _, pv := range g.vg.PVs {
		total += int(pv.Count)
	}
	g.names++
	op := lvm.CreateThinPool{Name: "p" + strconv.Itoa(g.names), Size: lvm.Amount{Extents: lvm.Extents(total/4 + g.r.IntN(3*total/4))}}
	args := []string{"lvcreate", "-an", "-T", "-l", fmt.Sprint(op.Size.Extents), g.name + "/" + op.Name}
	if op.NoSpare = g.r.IntN(2) == 0; op.NoSpare {
		args = append(args, "--poolmetadataspare", "n")
	}
	op.Allocation = g.policy(&args)
	op.Stripes = g.stripes(&args)
	op.Place = g.place(&args)
	return operation{args, op}
}

func (g *generator) nextThin() operation {
	pools, thins, others := g.kinds()
	full := func(name string) string { return g.name + "/" + name }
	any := g.lv()
	switch n := g.r.IntN(100); {
	case len(pools) == 0 && n < 60 || n < 8:
		return g.createPool()
	case len(pools) > 0 && (len(thins) == 0 && n < 50 || n < 25):
		pool, name := pools[g.r.IntN(len(pools))], g.newName()
		k := 4 * (1 + g.r.IntN(2000))
		op := lvm.CreateThin{Pool: pool, Name: name, Size: lvm.Amount{Size: units.Size{Bytes: units.Bytes(k) * units.KiB}}}
		args := []string{"lvcreate", "-an", "-V", fmt.Sprintf("%dk", k), "-T", full(pool), "-n", name}
		g.options(&args, &op.Options)
		return operation{args, op}
	case len(thins) > 0 && n < 38:
		origin, name := thins[g.r.IntN(len(thins))], g.newName()
		op := lvm.CreateThinSnapshot{Origin: origin, Name: name}
		args := []string{"lvcreate", "-s", "-n", name, full(origin)}
		g.options(&args, &op.Options)
		if op.ActivationSkip = g.r.IntN(2) > 0; !op.ActivationSkip {
			args = append(args, "-kn")
		}
		return operation{args, op}
	case len(pools) > 0 && len(others) > 0 && n < 44:
		origin, pool, name := others[g.r.IntN(len(others))], pools[g.r.IntN(len(pools))], g.newName()
		return operation{[]string{"lvcreate", "-s", "-n", name, "--thinpool", pool, full(origin)}, lvm.CreateExternalSnapshot{Origin: origin, Pool: pool, Name: name}}
	case any != nil && n < 52:
		return g.createCOW(any.Name)
	case any != nil && n < 62:
		return g.extend()
	case any != nil && n < 68:
		return g.reduce()
	case any != nil && n < 78:
		return operation{[]string{"lvremove", "-y", full(any.Name)}, lvm.RemoveLV{Name: any.Name, WithDependents: true}}
	case any != nil && n < 84:
		to := g.word()
		return operation{[]string{"lvrename", g.name, any.Name, to}, lvm.RenameLV{Name: any.Name, To: to}}
	case any != nil && n < 90:
		return g.change()
	case len(pools) > 0 && n < 95:
		return g.changePool(pools[g.r.IntN(len(pools))])
	}
	o := g.create()
	op := o.op.(lvm.CreateLV)
	if op.ReadOnly = g.r.IntN(2) == 0; op.ReadOnly {
		o.args = append(o.args, "-pr")
	}
	return operation{o.args, op}
}

// kinds are the names of the pools, of the thin volumes, and of all others that
// the user sees.
func (g *generator) kinds() (pools, thins, others []string) {
	for _, lv := range g.vg.LVs {
		switch lv.Segments[0].Type.(type) {
		case *lvm.ThinPool:
			pools = append(pools, lv.Name)
		case *lvm.Thin:
			thins = append(thins, lv.Name)
		default:
			if lv.Visible() {
				others = append(others, lv.Name)
			}
		}
	}
	return pools, thins, others
}

// newName is mostly one that is free.
func (g *generator) newName() string {
	if g.r.IntN(12) == 0 {
		return g.word()
	}
	g.names++
	return "v" + strconv.Itoa(g.names)
}

func (g *generator) options(args *[]string, o *lvm.Options) {
	if g.r.IntN(4) == 0 {
		o.ReadOnly, *args = true, append(*args, "-pr")
	}
	if g.r.IntN(4) == 0 {
		o.Tags, *args = []string{"q"}, append(*args, "--addtag", "q")
	}
}

func (g *generator) createPool() operation {
	op := lvm.CreateThinPool{Name: g.newName()}
	option, value, amount := g.size("VG FREE PVS", 24)
	op.Size = amount
	args := []string{"lvcreate", "-an", "-T", option, value, g.name + "/" + op.Name}
	if g.r.IntN(3) == 0 {
		op.ChunkSize = 128 * units.Sectors(1+g.r.IntN(4))
		args = append(args, "-c", fmt.Sprintf("%ds", op.ChunkSize))
	}
	if g.r.IntN(3) == 0 {
		m := units.Bytes(1 + g.r.IntN(4))
		op.MetadataSize.Size.Bytes = m * units.MiB
		args = append(args, "--poolmetadatasize", fmt.Sprintf("%dm", m))
	}
	if op.NoSpare = g.r.IntN(4) == 0; op.NoSpare {
		args = append(args, "--poolmetadataspare", "n")
	}
	if op.NoZeroing = g.r.IntN(4) == 0; op.NoZeroing {
		args = append(args, "-Zn")
	}
	if g.r.IntN(3) == 0 {
		op.Discards = []string{lvm.DiscardsIgnore, lvm.DiscardsNoPassdown, lvm.DiscardsPassdown}[g.r.IntN(3)]
		args = append(args, "--discards", op.Discards)
	}
	if op.ErrorWhenFull = g.r.IntN(4) == 0; op.ErrorWhenFull {
		args = append(args, "--errorwhenfull", "y")
	}
	op.Allocation = g.policy(&args)
	op.Stripes = g.stripes(&args)
	op.Place = g.place(&args)
	return operation{args, op}
}

func (g *generator) createCOW(origin string) operation {
	op := lvm.CreateCOWSnapshot{Origin: origin, Name: g.newName()}
	option, value, amount := g.size("ORIGIN VG FREE", 24)
	op.Size = amount
	args := []string{"lvcreate", "-s", option, value, "-n", op.Name, g.name + "/" + origin}
	if g.r.IntN(3) == 0 {
		op.ChunkSize = 8 << g.r.IntN(5)
		args = append(args, "-c", fmt.Sprintf("%ds", op.ChunkSize))
	}
	g.options(&args, &op.Options)
	op.Stripes = g.stripes(&args)
	op.Place = g.place(&args)
	return operation{args, op}
}

func (g *generator) changePool(pool string) operation {
	op := lvm.ChangeLV{Name: pool}
	args := []string{"lvchange"}
	yes, y := g.yes()
	switch g.r.IntN(3) {
	case 0:
		word := []string{lvm.DiscardsIgnore, lvm.DiscardsNoPassdown, lvm.DiscardsPassdown}[g.r.IntN(3)]
		op.Discards, args = &word, append(args, "--discards", word)
	case 1:
		op.ZeroNewBlocks, args = &yes, append(args, "-Z"+y)
	default:
		op.ErrorWhenFull, args = &yes, append(args, "--errorwhenfull", y)
	}
	return operation{append(args, g.name+"/"+pool), op}
}

// completed is vg when the pools have had their messages, as lvm2 leaves it.
func completed(t testing.TB, vg *lvm.VG) *lvm.VG {
	b, err := lvm.NewBatch(vg, lvm.Stamp{})
	require.NoError(t, err)
	for _, lv := range vg.LVs {
		if pool, ok := lv.Segments[0].Type.(*lvm.ThinPool); ok && len(pool.Messages) > 0 {
			_, err := b.Do(lvm.CompletePool{Pool: lv.Name})
			require.NoError(t, err)
		}
	}
	return b.VG()
}
