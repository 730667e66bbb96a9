package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// What lvm2 refuses to change of an origin of copy-on-write snapshots, and what it
// does not.
func TestChangeOrigin(t *testing.T) {
	ahead, policy, no, skip := lvm.ReadAhead(256), lvm.AllocCling, false, true
	for name, op := range map[string]lvm.ChangeLV{
		"read-ahead": {Name: "org", ReadAhead: &ahead},
		"policy":     {Name: "org", Allocation: &policy},
	} {
		_, err := lvm.Apply(activationVG(), lvm.Stamp{}, op)
		require.ErrorIs(t, err, lvm.ErrInUse, name)
	}
	vg, err := lvm.Apply(activationVG(), lvm.Stamp{}, lvm.ChangeLV{Name: "org", ActivationSkip: &skip, Writable: &no})
	require.NoError(t, err)
	require.False(t, vg.LV("org").Writable())
	require.True(t, vg.LV("org").Flags.Has(lvm.FlagActivationSkip))
}
