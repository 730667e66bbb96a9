package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// Who wants to make room for a text is told of each that is read: of one VG that
// is on two PVs, of one.
func TestOnText(t *testing.T) {
	h := newSystemHost(t, 64*units.MiB, 64*units.MiB)
	var told []units.Bytes
	h.cfg.OnText = func(length units.Bytes) { told = append(told, length) }
	s := h.system()
	h.newData(s, "/dev/sda", "/dev/sdb")
	vg := h.vg(s, "data")
	told = nil
	_, err := s.Scan(t.Context(), lvm.ScanOptions{})
	require.NoError(t, err)
	require.Equal(t, []units.Bytes{units.Bytes(len(vg.AppendText(nil)))}, told)
}
