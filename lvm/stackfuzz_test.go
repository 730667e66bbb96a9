package lvm_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// FuzzStack makes devices of texts of lvm2's that are changed by their structure,
// as FuzzText has them: no panic, no more devices than LVs and stripes can have,
// all of them sound; what is refused says why.
func FuzzStack(f *testing.F) {
	goldens := goldenTexts(f)
	h := newFakeHost(f)
	f.Fuzz(func(t *testing.T, seed uint16, ops []byte) {
		vg, err := lvm.Decode(mutate(goldens[int(seed)%len(goldens)], ops[:min(len(ops), 60)]), lvm.OnDisk)
		if err != nil {
			if vg, err = lvm.Decode(mutate(goldens[int(seed)%len(goldens)], ops[:min(len(ops), 60)]), lvm.Backup); err != nil {
				return
			}
		}
		bound := 0
		var all []string
		for _, lv := range vg.LVs {
			all = append(all, lv.Name)
			bound += 2
			for _, seg := range lv.Segments {
				if s, ok := seg.Type.(*lvm.Striped); ok {
					bound += len(s.Areas)
				}
			}
		}
		half := stackPVs(vg)
		if len(vg.PVs) > 0 {
			delete(half, vg.PVs[0].ID)
		}
		for _, o := range []lvm.StackOptions{
			{PVs: stackPVs(vg), ExtendThreshold: 70}, {PVs: half, Mode: lvm.ActivatePartial, ReadOnly: true}, {},
		} {
			devices, err := vg.Stack(nil, o)
			if err != nil {
				requireTyped(t, err)
			}
			require.LessOrEqual(t, len(devices), bound)
			for _, name := range all {
				one, err := vg.Stack([]string{name}, o)
				if err != nil {
					requireTyped(t, err)
					continue
				}
				require.NotEmpty(t, one)
				checkStack(t, one)
			}
			req := lvm.ActivateRequest{VG: vg, StackOptions: o, SystemID: vg.SystemID}
			if _, err := h.a.PlanActivation(req); err != nil {
				requireTyped(t, err)
			}
		}
		if err := h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}); err != nil {
			requireTyped(t, err)
		}
	})
}

// goldenTexts are the texts that lvm2 wrote.
func goldenTexts(f *testing.F) (texts []string) {
	paths, err := filepath.Glob("testdata/vg/*")
	require.NoError(f, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		texts = append(texts, string(text))
	}
	return texts
}
