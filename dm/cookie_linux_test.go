package dm_test

import (
	"context"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
)

const (
	cookieMagic   = 0x0d4d << 16 // DM_COOKIE_MAGIC, the upper half of a semaphore's key
	primarySource = 0x40 << 16   // DM_UDEV_PRIMARY_SOURCE_FLAG in the event number
	semSetValue   = 16           // SETVAL, include/uapi/linux/sem.h
)

// answering is a kernel with somebody behind it who answers its uevents, as
// udev's rules do.
type answering struct {
	dmwire.Kernel
	answer func(key uint32) // in a goroutine of its own; nil: nobody answers
	fail   ioctl.Cmd        // this one fails, once the device is "there"

	mu    sync.Mutex
	asked []uint32 // event numbers of the requests that a uevent can follow
	wg    sync.WaitGroup
}

func (a *answering) Ioctl(cmd ioctl.Cmd, b *ioctl.Buffer) error {
	h := b.Header()
	nr := h.EventNr
	takes := cmd == ioctl.DevRemove || cmd == ioctl.DevRename || cmd == ioctl.DevSuspend && h.Flags&ioctl.FlagSuspend == 0
	if takes {
		a.mu.Lock()
		a.asked = append(a.asked, nr)
		a.mu.Unlock()
		if a.fail == cmd {
			return syscall.ENOMEM
		}
	}
	err := a.Kernel.Ioctl(cmd, b)
	if answer := a.answer; takes && err == nil && b.Header().Flags&ioctl.FlagUeventGenerated != 0 && nr&0xffff != 0 && answer != nil {
		a.wg.Go(func() { answer(cookieMagic | nr&0xffff) })
	}
	return err
}

// take returns the event numbers since the last call.
func (a *answering) take() []uint32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := a.asked
	a.asked = nil
	return asked
}

func semaphoreID(key uint32) (uintptr, error) {
	id, _, errno := unix.Syscall(unix.SYS_SEMGET, uintptr(key), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return id, nil
}

// cookies lists the keys of all cookies in the system.
func cookies(t *testing.T) (keys []uint32) {
	t.Helper()
	text, err := os.ReadFile("/proc/sysvipc/sem")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		key, err := strconv.ParseInt(strings.Fields(line)[0], 10, 64)
		if err == nil && uint32(key)&^0xffff == cookieMagic {
			keys = append(keys, uint32(key))
		}
	}
	return keys
}

// complete does what "dmsetup udevcomplete" does.
func complete(key uint32) {
	if id, err := semaphoreID(key); err == nil {
		unix.Syscall6(unix.SYS_SEMCTL, id, 0, semSetValue, 0, 0, 0)
	}
}

// ownMachine skips a test of what belongs to a whole machine, such as its
// semaphores and its udev, where that is not a virtual one.
func ownMachine(t *testing.T) {
	t.Helper()
	if testenv.Virtual() == "" {
		t.Skip("the semaphores and the udev of this machine are not ours")
	}
	require.Error(t, ioctl.DialSocket(udevDir+"/control"), "no udev runs yet")
}

// opened opens the real kernel behind an answering one.
func opened(t *testing.T, cfg dm.Config, answer func(key uint32)) (*answering, *dm.Conn) {
	t.Helper()
	ownMachine(t)
	if cfg.Trace == nil {
		cfg.Trace = func(tr dm.Trace) {
			if tr.Op == "wait for udev" {
				t.Errorf("%s %s: %v", tr.Op, tr.Device, tr.Err)
			}
		}
	}
	control, err := ioctl.OpenControl("/dev/mapper/control")
	require.NoError(t, err)
	a := &answering{Kernel: dmwire.Control{Control: control}, answer: answer}
	conn, err := dm.NewConn(a, &cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		a.wg.Wait()
		require.Empty(t, cookies(t))
	})
	return a, conn
}

// removed removes the device at the end of the test.
func removed(t *testing.T, d *dm.Device) {
	t.Helper()
	t.Cleanup(func() {
		conn, err := dm.Open(&dm.Config{Udev: dm.UdevOff})
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.Device(d.ID()).Remove(context.Background(), dm.RemoveOptions{}))
	})
}

func node(t *testing.T, conn *dm.Conn, name string) (there bool) {
	t.Helper()
	_, err := os.Lstat(conn.NodePath(name))
	if err != nil {
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	return err == nil
}
