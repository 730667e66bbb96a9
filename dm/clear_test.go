package dm_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
)

// A failed load or swap clears the inactive table where there is one, and
// sends no request to clear where there is none: see Device.Clear.
func TestClearAfterFailure(t *testing.T) {
	refused := dm.Table{{Length: 8, Target: dm.Raw{Name: "no-such-target"}}}
	second := append(zeroTable(8), dm.Segment{Start: 8, Length: 8, Target: refused[0].Target})
	encoded, err := zeroTable(8).Encode()
	require.NoError(t, err)
	load := func(table dm.Table) func(*testing.T, *dm.Device) error {
		return func(_ *testing.T, d *dm.Device) error { return d.Load(table, dm.TableOptions{}) }
	}
	swap := func(t *testing.T, d *dm.Device) error {
		return d.Swap(t.Context(), zeroTable(16), dm.TableOptions{}, dm.SuspendOptions{})
	}
	loadEncoded := func(_ *testing.T, d *dm.Device) error { return d.LoadEncoded(encoded, dm.TableOptions{}) }
	tests := []struct {
		name   string
		do     func(*testing.T, *dm.Device) error
		fail   ioctl.Cmd // with ENOMEM; Version: none
		before bool      // an inactive table is there
		clears int
	}{
		{"load refused", load(refused), ioctl.Version, false, 0},
		{"load refused, first segment of two", load(append(refused[:1:1], dm.Segment{Start: 8, Length: 8, Target: dm.Zero{}})), ioctl.Version, false, 0},
		{"load refused, second segment", load(second), ioctl.Version, false, 1},
		{"load without memory", load(zeroTable(16)), ioctl.TableLoad, false, 0},
		{"load without memory, one before", load(zeroTable(16)), ioctl.TableLoad, true, 1},
		{"load encoded without memory", loadEncoded, ioctl.TableLoad, false, 0},
		{"load encoded without memory, one before", loadEncoded, ioctl.TableLoad, true, 1},
		{"swap without memory for the load", swap, ioctl.TableLoad, false, 0},
		{"swap without memory for the suspend", swap, ioctl.DevSuspend, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clears := 0
			k := dmtest.NewKernel(dmtest.Config{After: func(c dmtest.Call) {
				if c.Cmd == ioctl.TableClear {
					clears++
				}
			}})
			d, err := k.Open(t).Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
			require.NoError(t, err)
			if tt.before {
				require.NoError(t, d.Load(zeroTable(24), dm.TableOptions{}))
			}
			if tt.fail != ioctl.Version {
				k.Fail(tt.fail, 1, syscall.ENOMEM)
			}
			require.Error(t, tt.do(t, d))
			require.Equal(t, tt.clears, clears)
			info, err := d.Info()
			require.NoError(t, err)
			require.True(t, info.Active)
			require.False(t, info.Inactive)
			require.False(t, info.Suspended)
		})
	}
}
