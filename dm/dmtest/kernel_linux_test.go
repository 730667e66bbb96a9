package dmtest_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// real is the running kernel as the suite takes it. Disks are loop devices.
func real(t *testing.T) dmtest.System {
	name := testenv.Name(t)
	names := 0
	return dmtest.System{
		Open: openControl,
		Disk: func(t testing.TB, size units.Sectors) dm.Dev {
			bytes, err := size.Bytes()
			require.NoError(t, err)
			n, err := ioctl.NodeDev(testenv.LoopDisk(t, bytes))
			require.NoError(t, err)
			return dm.DevFromUint64(n)
		},
		Hold: hold,
		Name: func(testing.TB) string {
			names++
			return fmt.Sprintf("%s-%04d", name, names)
		},
	}
}

func openControl(t testing.TB) dmwire.Kernel {
	t.Helper()
	c, err := ioctl.OpenControl("/dev/mapper/control")
	require.NoError(t, err)
	return dmwire.Control{Control: c}
}

// hold opens the node that the kernel itself makes.
func hold(t testing.TB, name string) func() {
	t.Helper()
	conn, err := dm.Open(&dm.Config{Udev: dm.UdevOff, NoNodes: true})
	require.NoError(t, err)
	defer conn.Close()
	info, err := conn.Device(dm.ByName(name)).Info()
	require.NoError(t, err)
	path := fmt.Sprintf("/dev/dm-%d", info.Dev.Minor)
	var f *os.File
	require.Eventually(t, func() bool { f, err = os.Open(path); return err == nil }, 5*time.Second, time.Millisecond)
	return sync.OnceFunc(func() { require.NoError(t, f.Close()) })
}

func TestKernelSuite(t *testing.T) {
	testenv.Kernel(t, "linear", "striped", "zero", "error", "thin-pool", "thin", "dm 4.41")
	dmtest.Run(t, real(t))
}
