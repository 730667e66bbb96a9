package lvm_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
)

// onEachOther is a VG of n LVs, each on the one behind it, the last on a PV.
func onEachOther(n int) *lvm.VG {
	vg := linearVG(n)
	for i, lv := range vg.LVs[:n-1] {
		lv.Segments[0].Type = &lvm.Striped{Areas: []lvm.Area{{LV: vg.LVs[i+1].Name}}}
	}
	return vg
}

// A VG whose LVs stand on themselves is refused, and its devices are not looked for
// without end. One with a long way down is none of them.
func TestLoops(t *testing.T) {
	vg := onEachOther(3)
	devices := lvm.StackOptions{PVs: map[lvm.ID]dm.Dev{vg.PVs[0].ID: {Major: 7}}}
	require.NoError(t, vg.Validate())
	vg.LVs[2].Segments[0].Type = &lvm.Striped{Areas: []lvm.Area{{LV: vg.LVs[0].Name}}}
	require.ErrorIs(t, vg.Validate(), lvm.ErrReference)
	require.ErrorContains(t, vg.Validate(), fmt.Sprintf("LV %s: it stands on %s, which stands on it", vg.LVs[2].Name, vg.LVs[0].Name))
	for _, lv := range vg.LVs {
		_, err := vg.Stack([]string{lv.Name}, devices)
		require.Error(t, err)
	}
	vg.LVs[0].Segments[0].Type = &lvm.Striped{Areas: []lvm.Area{{LV: vg.LVs[0].Name}}}
	require.ErrorContains(t, vg.Validate(), fmt.Sprintf("LV %[1]s: it stands on %[1]s", vg.LVs[0].Name))

	vg = onEachOther(5000)
	devices.PVs = map[lvm.ID]dm.Dev{vg.PVs[0].ID: {Major: 7}}
	require.NoError(t, vg.Validate())
	_, _ = vg.Stack(nil, devices)
	_, _ = vg.Report(), vg.ReportLVs(true, nil)
}
