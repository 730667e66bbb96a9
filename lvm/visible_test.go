package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// As lvs lists them, without -a.
func TestVisible(t *testing.T) {
	tests := []struct {
		file    string
		visible []string
	}{
		{"snapshot", []string{"o", "s2"}},
		{"snapshot_virtual", []string{"sparse", "lin"}},
		{"cache", []string{"o", "unused", "o2"}},
		{"thin_message_delete", []string{"pool", "t1", "t3"}},
	}
	for _, test := range tests {
		vg, err := lvm.Parse(read(t, "testdata/vg/"+test.file+".disk"))
		require.NoError(t, err)
		var visible []string
		for _, lv := range vg.LVs {
			if vg.Visible(lv) {
				visible = append(visible, lv.Name)
			}
		}
		require.Equal(t, test.visible, visible, test.file)
	}
}

// Hidden LVs are printed last, wherever they are.
func TestPrintOrder(t *testing.T) {
	src := read(t, "testdata/vg/snapshot_virtual.disk")
	vg, err := lvm.Parse(src)
	require.NoError(t, err)
	// sparse, lin, and hidden ones.
	vg.LVs = append(append([]*lvm.LV{}, vg.LVs[2:]...), vg.LVs[:2]...)
	require.Equal(t, src+"\x00", string(vg.AppendText(nil)))
}
