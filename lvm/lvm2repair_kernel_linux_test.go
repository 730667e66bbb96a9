package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// A repair leaves the text that lvconvert --repair leaves, the first time and the
// second; and lvm2 takes what the swap made.
func TestKernelRepairAsLVM2(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "module loop", "program lvm", "program thin_check", "program thin_repair")
	l, name := lvm2(t, 64*units.MiB), testenv.Name(t)
	l.must("vgcreate", name, l.disks[0])
	t.Cleanup(func() { l.must("vgremove", "-ff", "-y", name) })
	l.must("lvcreate", "-T", "-L", "20m", name+"/p")
	l.must("lvcreate", "-V", "40m", "-T", name+"/p", "-n", "v")
	l.must("vgchange", "-an", name)
	for range 2 {
		before := l.vg(0)
		l.must("lvconvert", "--yes", "--repair", name+"/p")
		ours, err := lvm.Apply(before, lvm.Stamp{}, lvm.SwapPoolMetadata{Pool: "p"})
		require.NoError(t, err)
		theirs := neutral(l.vg(0))
		require.Equal(t, theirs, neutral(ours))
		require.Equal(t, l.vg(0).LV("p_tmeta").ID, ours.LV("p_tmeta").ID)
	}
	l.must("lvremove", "-y", name+"/p_meta0", name+"/p_meta1")
	l.must("vgchange", "-ay", name)
}
