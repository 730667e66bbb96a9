package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
)

func TestAdvise(t *testing.T) {
	full := func(s *pool.State) { s.Status.State, s.Status.Data.Used = thin.OutOfDataSpace, 6400 }
	tests := []struct {
		name             string
		with             func(*pool.State)
		state, why, next string
	}{
		{"well", func(*pool.State) {}, "writable", "it works", ""},
		{"inactive", func(s *pool.State) { s.Active, s.Status = false, thin.Status{} }, "inactive", "it is not active", "rok lv activate data/tank"},
		{"above the mark", func(s *pool.State) { s.Status.Data.Used = 5200 }, "writable", "data: 81.2 % is used", "rok pool extend data/tank"},
		{"both marks, and no room", func(s *pool.State) {
			s.Status.Data.Used, s.Status.Metadata.Used, s.DataRoom, s.MetadataRoom = 5200, 800, 0, 0
		},
			"writable", "metadata: 78.1 % is used, and VG data has no extents for it; data: 81.2 % is used, and VG data has no extents for it",
			"rok vg extend data DEVICE"},
		{"refusing", func(s *pool.State) { s.Refusing = true }, "writable", "it works, and refuses new volumes by VG tag rok:refuse-new=tank", ""},
		{"full, writes wait", full, "out of data space",
			"it has no free block: writes that need one wait, until space comes or the kernel's no_space_timeout ends", "rok pool extend data/tank"},
		{"full, writes fail", func(s *pool.State) { full(s); s.Status.Kernel = dm.ThinPoolStatus{ErrorIfNoSpace: true} },
			"out of data space", "it has no free block: writes that need one fail", "rok pool extend data/tank"},
		{"full, and no room", func(s *pool.State) { full(s); s.DataRoom = 0 }, "out of data space",
			"it has no free block: writes that need one wait, until space comes or the kernel's no_space_timeout ends", "rok vg extend data DEVICE"},
		{"no metadata", func(s *pool.State) { s.Status.State, s.Status.NeedsCheck = thin.OutOfMetadataSpace, true }, "out of metadata space",
			"it has no free metadata block: writes that need one fail, and what was acknowledged last may be lost; its metadata must be checked and extended offline",
			"rok pool repair data/tank"},
		{"read-only", func(s *pool.State) { s.Status.State = thin.ReadOnly }, "read-only",
			"its metadata cannot be changed: writes that need a block fail", "rok pool repair data/tank"},
		{"needs a check", func(s *pool.State) { s.Status.State, s.Status.NeedsCheck = thin.ReadOnly, true }, "needs a check",
			"an operation on its metadata failed: it is read-only until the metadata is checked offline", "rok pool repair data/tank"},
		{"failed", func(s *pool.State) { s.Status = thin.Status{State: thin.Failed} }, "failed",
			"it does no I/O any more: its metadata must be repaired offline", "rok pool repair data/tank"},
		{"unknown", func(s *pool.State) { s.Status.State = thin.Unknown }, "unknown", "the kernel says what rok does not understand", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := tank()
			test.with(s)
			plan := pool.NewPlan(s, policy())
			require.Equal(t, pool.Advice{State: test.state, Why: test.why, Next: test.next}, pool.Advise(s, &plan))
		})
	}
}
