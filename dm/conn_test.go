package dm_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
)

func TestOpenFails(t *testing.T) {
	_, err := dm.Open(&dm.Config{Control: filepath.Join(t.TempDir(), "none")})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "dm: open: ")
	k := dmtest.NewKernel(dmtest.Config{ABI: ioctl.ABI{Major: 5}})
	_, err = dm.NewConn(k, nil)
	require.ErrorIs(t, err, syscall.EINVAL, "a kernel with another major version refuses even to tell it")
}

func TestClosed(t *testing.T) {
	conn, err := dm.NewConn(dmtest.NewKernel(dmtest.Config{}), nil)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.ErrorIs(t, conn.Close(), fs.ErrClosed)
	_, err = conn.Version()
	require.ErrorIs(t, err, fs.ErrClosed)
	_, err = conn.Watch()
	require.ErrorIs(t, err, fs.ErrClosed)
}

// What a kernel is too old for is said, and not sent: it would ignore the flag.
func TestOldKernels(t *testing.T) {
	requests := 0
	open := func(minor uint32) *dm.Conn {
		k := dmtest.NewKernel(dmtest.Config{ABI: ioctl.ABI{Major: 4, Minor: minor}, After: func(dmtest.Call) { requests++ }})
		conn := k.Open(t)
		require.Equal(t, ioctl.ABI{Major: 4, Minor: minor}, conn.ABI())
		_, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", UUID: "LVM-a", Table: zeroTable(8)})
		require.NoError(t, err)
		return conn
	}
	tests := []struct {
		what  string
		minor uint32 // the first that has it
		do    func(*dm.Conn, *dm.Device) error
	}{
		{"list targets", 1, func(c *dm.Conn, _ *dm.Device) error { _, err := c.Targets(); return err }},
		{"message", 2, func(_ *dm.Conn, d *dm.Device) error { _, err := d.Message(0, "@stats_list"); return err }},
		{"set geometry", 6, func(_ *dm.Conn, d *dm.Device) error { return d.SetGeometry(1, 1, 8, 0) }},
		{"table status with query-inactive", 16, func(_ *dm.Conn, d *dm.Device) error {
			_, err := d.Status(dm.StatusOptions{Inactive: true})
			return err
		}},
		{"remove with deferred-remove", 27, func(_ *dm.Conn, d *dm.Device) error {
			return d.Remove(t.Context(), dm.RemoveOptions{Deferred: true})
		}},
		{"watching", 37, func(c *dm.Conn, _ *dm.Device) error {
			w, err := c.Watch()
			if err == nil {
				err = w.Close()
			}
			return err
		}},
		{"get target version", 41, func(c *dm.Conn, _ *dm.Device) error { _, err := c.TargetVersion("zero"); return err }},
		{"table status with ima-measurement", 45, func(_ *dm.Conn, d *dm.Device) error {
			_, err := d.Status(dm.StatusOptions{IMA: true})
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			conn := open(tt.minor)
			require.NoError(t, tt.do(conn, conn.Device(dm.ByName("a"))))
			conn = open(tt.minor - 1)
			requests = 0
			err := tt.do(conn, conn.Device(dm.ByName("a")))
			var old *dm.UnsupportedError
			require.ErrorAs(t, err, &old)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			require.Equal(t, dm.UnsupportedError{
				Feature: tt.what, Need: ioctl.ABI{Major: 4, Minor: tt.minor}, Have: ioctl.ABI{Major: 4, Minor: tt.minor - 1},
			}, *old)
			require.LessOrEqual(t, requests, 1, "no more than a question first")
		})
	}
	// The rest works on the oldest.
	conn := open(0)
	entries, err := conn.ListMatching(dm.Filter{UUID: "LVM-"})
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "LVM-a", entries[0].UUID)
	d := conn.Device(dm.ByName("a"))
	require.NoError(t, d.Swap(t.Context(), zeroTable(16), dm.TableOptions{}, dm.SuspendOptions{}))
	table, err := d.Table(dm.TableQuery{})
	require.NoError(t, err)
	require.True(t, table.Equal(zeroTable(16)))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
}

// talker is a target that answers a message with as many bytes as it asks for.
type talker struct{ messages *int }

func (talker) Table() string  { return "" }
func (talker) Status() string { return "" }

func (t talker) Message(args []string) (string, bool, error) {
	*t.messages++
	return strings.Repeat("x", len(args)*1000), true, nil
}

// A message is sent once, even where its reply does not fit.
func TestMessageReply(t *testing.T) {
	messages := 0
	k := dmtest.NewKernel(dmtest.Config{Targets: []dmtest.TargetType{{
		Name: "talker", New: func(*dmtest.Builder) (dmtest.Instance, error) { return talker{&messages}, nil },
	}}})
	d, err := k.Open(t).Create(t.Context(), dm.CreateRequest{Name: "a", Table: dm.Table{{Length: 8, Target: dm.Raw{Name: "talker"}}}})
	require.NoError(t, err)
	reply, err := d.Message(0, strings.Repeat("say ", 60))
	require.NoError(t, err)
	require.Len(t, reply, 60_000)
	messages = 0
	_, err = d.Message(0, strings.Repeat("say ", 70))
	var large *dm.ReplyError
	require.ErrorAs(t, err, &large)
	require.EqualError(t, err, `dm: message "a": reply larger than 65536 bytes`)
	require.Equal(t, 1, messages)
}

// Each operation is one request.
func TestRequests(t *testing.T) {
	var ops []string
	conn, err := dm.NewConn(dmtest.NewKernel(dmtest.Config{}), &dm.Config{
		Udev: dm.UdevOff, NoNodes: true, Trace: func(tr dm.Trace) { ops = append(ops, tr.Op+" "+tr.Device) },
	})
	require.NoError(t, err)
	defer conn.Close()
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	_, err = d.Status(dm.StatusOptions{})
	require.NoError(t, err)
	require.NoError(t, d.Suspend(dm.SuspendOptions{}))
	require.NoError(t, d.SetUUID("LVM-a"))
	_, err = conn.List()
	require.NoError(t, err)
	require.Equal(t, []string{
		"version ", "create a", "load table a", "resume a", "table status a", "suspend a", "set UUID of a", "list devices ",
	}, ops)
}
