package lvm_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
)

// FuzzOps works on a VG whose text was changed as FuzzText does it, whether it is
// sound or not, as somebody may who was handed a disk: volumes that stand on
// themselves, parts that are missing, numbers that do not fit. What an operation
// makes of a sound VG is sound.
func FuzzOps(f *testing.F) {
	names, err := filepath.Glob("testdata/vg/*.disk")
	require.NoError(f, err)
	var goldens []string
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(f, err)
		goldens = append(goldens, string(b))
	}
	for i := range goldens {
		f.Add(uint16(i), []byte{})
	}
	f.Fuzz(func(t *testing.T, seed uint16, ops []byte) {
		vg, err := lvm.Decode(mutate(goldens[int(seed)%len(goldens)], ops[:min(len(ops), 60)]), lvm.OnDisk)
		if err != nil {
			return
		}
		_, _, _, _ = vg.Attr(), vg.Report(), vg.ReportPVs(), vg.ReportLVs(true, nil)
		_ = vg.ReportSegments(true, nil)
		devices := map[lvm.ID]dm.Dev{}
		for i, pv := range vg.PVs {
			devices[pv.ID] = dm.Dev{Major: 7, Minor: uint32(i)}
		}
		for _, mode := range []lvm.ActivationMode{lvm.ActivateComplete, lvm.ActivatePartial} {
			_, _ = vg.Stack(nil, lvm.StackOptions{PVs: devices, Mode: mode})
		}
		sound := vg.Validate() == nil
		for _, lv := range vg.LVs[:min(len(vg.LVs), 20)] {
			_, _ = vg.Stack([]string{lv.Name}, lvm.StackOptions{PVs: devices})
			for _, op := range []lvm.Op{
				lvm.RemoveLV{Name: lv.Name, WithDependents: true}, lvm.RenameLV{Name: lv.Name, To: "fuzzed"},
				lvm.ExtendLV{Name: lv.Name, By: lvm.Amount{Extents: 3}}, lvm.ReduceLV{Name: lv.Name, By: lvm.Amount{Extents: 1}},
				lvm.SwapPoolMetadata{Pool: lv.Name}, lvm.SetPoolTransaction{Pool: lv.Name, ID: 7},
			} {
				next, err := lvm.Apply(vg, lvm.Stamp{}, op)
				if err != nil {
					require.True(t, errors.As(err, new(*lvm.OpError)), "%v", err)
				} else if sound {
					require.NoError(t, next.Validate(), "%+v", op)
				}
			}
		}
	})
}
