package lvm_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// New LVs that are plain and stay inactive are nothing to the kernel, so that it is
// not opened for them; all else is.
func TestInactivePlainLVsNeedNoKernel(t *testing.T) {
	h := newSystemHost(t, 512*units.MiB)
	online := h.cfg
	h.cfg.Offline = true
	offline := h.system()
	h.newData(offline, "/dev/sda")
	h.cfg = online
	errKernel := errors.New("the kernel was asked")
	h.cfg.OpenDM = func() (*dm.Conn, error) { return nil, errKernel }
	s := h.system()
	inactive := lvm.ChangeOptions{Inactive: true}

	c, err := s.Change(t.Context(), "data", inactive, lvm.CreateLV{Name: "a", Size: of(8)}, lvm.CreateLV{Name: "b", Size: of(8)})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, c.Names)
	require.Len(t, h.vg(s, "data").LVs, 2)
	state, err := s.StatesAfter(c, c.Names...)
	require.NoError(t, err)
	require.Equal(t, lvm.DeviceState{Known: true, Used: -1, MetadataUsed: -1}, state(c.After.LV("a")))
	_, err = s.StatesAfter(c)
	require.ErrorIs(t, err, errKernel, "of all LVs")

	c, err = s.Change(t.Context(), "data", inactive, lvm.CreateLV{Name: "c", Size: of(8)})
	require.NoError(t, err)
	_, err = s.StatesAfter(c, "a", "c")
	require.ErrorIs(t, err, errKernel, "a was there before")

	for name, test := range map[string]struct {
		o  lvm.ChangeOptions
		op lvm.Op
	}{
		"active":                 {lvm.ChangeOptions{}, lvm.CreateLV{Name: "x", Size: of(8)}},
		"a thin pool":            {inactive, lvm.CreateThinPool{Name: "x", Size: of(8)}},
		"a snapshot":             {inactive, lvm.CreateCOWSnapshot{Origin: "a", Name: "x", Size: of(8)}},
		"larger":                 {inactive, lvm.ExtendLV{Name: "a", By: of(8)}},
		"with tags":              {inactive, lvm.TagLV{Name: "a", Add: []string{"t"}}},
		"one less, and one more": {inactive, lvm.RemoveLV{Name: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := h.vg(s, "data")
			_, err := s.Change(t.Context(), "data", test.o, test.op, lvm.CreateLV{Name: "y", Size: of(8)})
			require.ErrorIs(t, err, errKernel)
			require.Equal(t, before, h.vg(s, "data"))
		})
	}

	c, err = offline.Change(t.Context(), "data", inactive, lvm.CreateLV{Name: "e", Size: of(8)})
	require.NoError(t, err)
	state, err = offline.StatesAfter(c, "e")
	require.NoError(t, err)
	require.Nil(t, state, "nothing is known where the kernel is not to be asked")

	_, err = offline.Change(t.Context(), "data", inactive, lvm.CreateThinPool{Name: "pool", Size: of(16)})
	require.NoError(t, err)
	_, err = offline.Change(t.Context(), "data", inactive, lvm.CreateThin{Pool: "pool", Name: "thin", Size: of(8)})
	require.NoError(t, err)
	_, err = s.Change(t.Context(), "data", inactive, lvm.CreateLV{Name: "d", Size: of(8)})
	require.ErrorIs(t, err, errKernel, "a pool waits for a message")
}
