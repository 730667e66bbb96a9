package dm_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// canned answers each request with the reply that a kernel gave before, and
// allocates nothing itself.
type canned struct {
	dmwire.Kernel
	replies map[ioctl.Cmd][]byte
	full    bool // record
}

func (c *canned) Ioctl(cmd ioctl.Cmd, b *ioctl.Buffer) error {
	if c.full {
		if err := c.Kernel.Ioctl(cmd, b); err != nil {
			return err
		}
		c.replies[cmd] = append(c.replies[cmd][:0], b.Bytes()...)
		return nil
	}
	copy(b.Bytes(), c.replies[cmd])
	return nil
}

// recorded returns a connection to a device of many segments whose answers are
// canned.
func recorded(t testing.TB) (*dm.Conn, *dm.Device) {
	t.Helper()
	k := dmtest.NewKernel(dmtest.Config{})
	disk := k.AddDisk("", 1<<20)
	c := &canned{Kernel: k, replies: map[ioctl.Cmd][]byte{}, full: true}
	conn, err := dm.NewConn(c, &dm.Config{Udev: dm.UdevOff, NoNodes: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", UUID: "LVM-a", Table: linearTable(disk, 100)})
	require.NoError(t, err)
	_, err = conn.Version()
	require.NoError(t, err)
	_, err = d.Info()
	require.NoError(t, err)
	var lines dm.Lines
	require.NoError(t, d.ReadTable(&lines, dm.TableQuery{}))
	c.full = false
	return conn, d
}

func linearTable(disk dm.Dev, segments int) dm.Table {
	var t dm.Table
	for i := range segments {
		start := units.Sectors(8 * i)
		t = append(t, dm.Segment{Start: start, Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Dev: disk}, Offset: start}})
	}
	return t
}

func TestNoAllocations(t *testing.T) {
	if testenv.Race {
		t.Skip("the race detector makes sync.Pool forget")
	}
	conn, d := recorded(t)
	var info dm.Info
	var lines dm.Lines
	disk := dm.Dev{Major: 8}
	loads := map[int]float64{}
	for _, segments := range []int{1, 1000} {
		table := linearTable(disk, segments)
		loads[segments] = testing.AllocsPerRun(20, func() {
			if err := d.Load(table, dm.TableOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	require.Equal(t, loads[1], loads[1000], "none for each segment")
	for name, do := range map[string]func() error{
		"version": func() error { _, err := conn.Version(); return err },
		"info":    func() error { return d.ReadInfo(&info) },
		"status":  func() error { return drain(&lines, d.ReadStatus(&lines, dm.StatusOptions{})) },
		"table":   func() error { return drain(&lines, d.ReadTable(&lines, dm.TableQuery{})) },
	} {
		require.NoError(t, do(), name)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if err := do(); err != nil {
				t.Error(err)
			}
		}), name)
	}
}

func drain(lines *dm.Lines, err error) error {
	n := 0
	for lines.Next() {
		n += len(lines.Type()) + len(lines.Params()) + int(lines.Start()) + int(lines.Length())
	}
	if err == nil && n == 0 {
		return fmt.Errorf("no lines")
	}
	if err == nil {
		err = lines.Err()
	}
	return err
}
