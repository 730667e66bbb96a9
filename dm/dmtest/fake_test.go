package dmtest_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// fake is the fake kernel as the suite takes it.
func fake(t *testing.T, k *dmtest.Kernel) dmtest.System {
	var names atomic.Uint32
	return dmtest.System{
		Open: func(t testing.TB) dmwire.Kernel {
			again, err := k.Reopen()
			require.NoError(t, err)
			return again
		},
		Disk: func(_ testing.TB, size units.Sectors) dm.Dev { return k.AddDisk("", size) },
		Hold: func(t testing.TB, name string) func() {
			release, err := k.Hold(name)
			require.NoError(t, err)
			return release
		},
		Name: func(testing.TB) string { return fmt.Sprintf("fake-%04d", names.Add(1)) },
	}
}

func TestFake(t *testing.T) {
	for _, minor := range []uint32{37, 41, 44, 47, 48, 50} {
		t.Run(fmt.Sprintf("4.%d", minor), func(t *testing.T) {
			k := dmtest.NewKernel(dmtest.Config{ABI: ioctl.ABI{Major: 4, Minor: minor}})
			defer func() { require.NoError(t, k.Close()) }()
			dmtest.Run(t, fake(t, k))
			require.Empty(t, k.Devices())
		})
	}
}
