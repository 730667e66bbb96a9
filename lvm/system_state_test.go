package lvm_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// countCalls counts the requests to the kernel by their command.
func (h *systemHost) countCalls() map[ioctl.Cmd]int {
	calls := map[ioctl.Cmd]int{}
	h.fail = func(c dmtest.Call) error {
		calls[c.Cmd]++
		return nil
	}
	return calls
}

// A report asks the kernel for what it shows, and no more than once.
func TestStatesAsksOnlyForWhatIsShown(t *testing.T) {
	h := newSystemHost(t, 512*units.MiB)
	s := h.system()
	h.newData(s, "/dev/sda")
	ops := []lvm.Op{lvm.CreateThinPool{Name: "pool", Size: of(16)}}
	var plain []string
	for i := range 20 {
		name := fmt.Sprintf("plain%d", i)
		plain = append(plain, name)
		ops = append(ops, lvm.CreateLV{Name: name, Size: of(4)})
	}
	_, err := s.Change(t.Context(), "data", lvm.ChangeOptions{Signatures: lvm.KeepSignatures}, ops...)
	require.NoError(t, err)
	c, err := s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.CreateThin{Pool: "pool", Name: "thin", Size: of(4)})
	require.NoError(t, err)
	_, err = s.Deactivate(t.Context(), "data", []string{"plain3"})
	require.NoError(t, err)
	vg := c.After

	tests := []struct {
		name  string
		asked []string
		calls map[ioctl.Cmd]int
	}{
		{"one", []string{"plain0"}, map[ioctl.Cmd]int{ioctl.DevStatus: 1}},
		{"one that is not active", []string{"plain3"}, map[ioctl.Cmd]int{ioctl.DevStatus: 1}},
		{"a thin volume", []string{"thin"}, map[ioctl.Cmd]int{ioctl.DevStatus: 1, ioctl.TableStatus: 1}},
		{"many", plain, map[ioctl.Cmd]int{ioctl.ListDevices: 1, ioctl.DevStatus: 19}},
		// 19 plain ones, the thin one, the pool, its data and its metadata.
		{"all", nil, map[ioctl.Cmd]int{ioctl.ListDevices: 1, ioctl.DevStatus: 23, ioctl.TableStatus: 2}},
	}
	all, err := s.States(vg)
	require.NoError(t, err)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls := h.countCalls()
			defer func() { h.fail = nil }()
			state, err := s.States(vg, test.asked...)
			require.NoError(t, err)
			require.Equal(t, test.calls, calls)
			for _, lv := range vg.LVs {
				want := all(lv)
				require.True(t, want.Known)
				if test.asked != nil && !slices.Contains(test.asked, lv.Name) {
					want = lvm.DeviceState{}
				}
				require.Equal(t, want, state(lv), lv.Name)
			}
		})
	}
	require.False(t, all(vg.LV("plain3")).Exists)
	require.True(t, all(vg.LV("plain0")).Exists)
	require.True(t, all(vg.LV("pool")).Exists)
	require.GreaterOrEqual(t, all(vg.LV("pool")).Used, 0.0)
	require.GreaterOrEqual(t, all(vg.LV("thin")).Used, 0.0)
	require.True(t, all(vg.LV("pool_tdata")).Exists)
}

// A report of named LVs has their lines alone, parts of others among them.
func TestReportNamedLVs(t *testing.T) {
	h := newSystemHost(t, 128*units.MiB)
	h.cfg.Offline = true
	s := h.system()
	h.newData(s, "/dev/sda")
	c, err := s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.CreateThinPool{Name: "pool", Size: of(16)}, lvm.CreateLV{Name: "a", Size: of(8)})
	require.NoError(t, err)
	var names []string
	for _, line := range c.After.ReportLVs(false, nil, "pool_tmeta", "a", "none") {
		names = append(names, line.Name)
	}
	require.Equal(t, []string{"a", "pool_tmeta"}, names)
	segments := c.After.ReportSegments(false, nil, "pool_tmeta")
	require.Len(t, segments, 1)
	require.Equal(t, "pool_tmeta", segments[0].LV)
}
