package interop_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/units"
)

const (
	kernelRoundLength = 50
	kernelSlice       = 8 // operations in the kernel ring
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
	began := time.Now()
	total, usual := int(setting(t, "ROK_INTEROP_OPERATIONS", kernelSlice)), began.Unix()
	if total == kernelSlice {
		usual = 1
	}
	seed := setting(t, "ROK_INTEROP_SEED", usual)
	y := newTally(kernelKinds)
	n := 0
	for round := int64(0); n < total || n < total*5/4 && y.lacks(total >= 300, y.both); round++ {
		played := false
		t.Run(fmt.Sprint("seed ", seed+round), func(t *testing.T) {
			played = true
			r := rand.New(rand.NewPCG(uint64(seed+round), 4))
			m := newMatch(t, drawKernelSizes(r), y)
			g := &generator{r: r, s: m.first, kinds: kernelKinds, done: y.of}
			m.begin(r)
			for range length(kernelRoundLength, total-n) {
				m.play(g.next(m.state))
				n++
			}
			m.end()
		})
		if !played || t.Failed() && total == kernelSlice {
			break // another round was asked for with -run
		}
		if t.Failed() {
			n += kernelRoundLength / 10 // as in TestRandom
		}
	}
	y.print(t, time.Since(began))
	if total >= 300 && !t.Failed() {
		y.requireShares(t, y.both)
	}
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
