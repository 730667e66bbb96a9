package interop_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/units"
)

// kernelFeatures are what the kernel and the machine must have.
var kernelFeatures = []string{"linear", "striped", "thin-pool", "snapshot", "snapshot-origin", "zero", "module loop", "program lvm", "program dmsetup"}

// Random operations with active LVs, thin pools and snapshots: after each, lvm2's
// devices are compared with rok's, table by table.
//
//	vg-*      what the two make of the LVs
//	/dev/loop two stands of one to eight disks each
func TestKernelInterop(t *testing.T) {
	testenv.Kernel(t, kernelFeatures...)
	series{
		kinds: kernelKinds, slice: 8, whole: 300, round: 50, wrong: 11, stream: 4, sizes: drawKernelSizes,
		begin: (*match).begin, end: (*match).end,
		enough: (*tally).both,
	}.play(t)
}

// drawKernelSizes draws one to eight disks, large enough for a few pools.
func drawKernelSizes(r *rand.Rand) (sizes []units.Bytes) {
	n := 1 + r.IntN(8)
	for range n {
		sizes = append(sizes, units.Bytes(64/n+16+r.IntN(16))*units.MiB)
	}
	return sizes
}

// begin makes the VG, of all disks but sometimes the last.
func (m *match) begin(r *rand.Rand) {
	m.t.Helper()
	line := args("vgcreate", "-s", one(&generator{r: r}, []string{"256k", "512k", "128k"}), "%v1")
	n := len(m.first.disks)
	if n > 1 && r.IntN(2) == 0 {
		n--
	}
	for i := range n {
		line = args(line, disk(i))
	}
	by := byLVM2
	if r.IntN(2) == 0 {
		by = byRok
	}
	m.play(&operation{by: by, kind: "VG", args: line})
}

// end removes all devices: rok those of the first stand, lvm2 those of the second.
func (m *match) end() {
	m.t.Helper()
	off := []string{"vgchange", "-a", "n", m.first.anyVG([]string{m.state.scan.VGs[0].VG.Name})[0]}
	m.play(&operation{by: byRok, kind: "VG", args: off})
	require.Empty(m.t, m.devices)
}
