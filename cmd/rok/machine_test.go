package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/cli/clitest"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// machine runs rok in this process, on a fake kernel.
type machine struct {
	t        testing.TB
	kernel   *dmtest.Kernel
	conn     *dm.Conn
	env      env
	bin      string // where rok is
	disks    *lvmDisks
	fixtures string   // of thin/metadata
	cwd      string   // of commands on image files; empty: the test's
	ran      []string // the program that rok became, and its arguments
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	m := &machine{t: t, kernel: dmtest.NewKernel(dmtest.Config{}), bin: t.TempDir()}
	m.conn = m.kernel.Open(t)
	fixtures, err := filepath.Abs("../../thin/metadata/testdata")
	require.NoError(t, err)
	m.fixtures = fixtures
	m.env = env{
		stdin:      strings.NewReader(""),
		getenv:     func(string) string { return "" },
		sysfs:      t.TempDir(),
		mounts:     func() []pool.FileSystem { return nil },
		openDM:     func(*dm.Config) (*dm.Conn, error) { return m.reopen() },
		executable: func() (string, error) { return filepath.Join(m.bin, "rok"), nil },
		exec: func(path string, argv []string) error {
			m.ran = append([]string{path}, argv...)
			return nil
		},
	}
	require.NoError(t, os.MkdirAll(filepath.Join(m.env.sysfs, "dev/block"), 0o755))
	m.setUpLVM(t)
	return m
}

func (m *machine) reopen() (*dm.Conn, error) {
	again, err := m.kernel.Reopen()
	if err != nil {
		return nil, err
	}
	return dm.NewConn(again, &dm.Config{Udev: dm.UdevOff, NoNodes: true})
}

func (m *machine) Run(args []string, stdout, stderr *bytes.Buffer) int {
	e := m.env
	e.stdout, e.stderr = stdout, stderr
	return run(m.t.Context(), args[1:], &e)
}

// rok runs a command and returns what it prints.
func (m *machine) rok(args ...string) (stdout, stderr string, code int) {
	var out, err bytes.Buffer
	code = m.Run(append([]string{"rok"}, args...), &out, &err)
	return out.String(), err.String(), code
}

// do carries out lines of a script.
func (m *machine) do(lines ...string) {
	m.t.Helper()
	for _, l := range lines {
		args, err := clitest.Words(l)
		require.NoError(m.t, err)
		require.NoError(m.t, m.Do(args), l)
	}
}

// Do knows:
//
//	disk NAME SECTORS          the first one is 8:0, the next 8:1, …
//	create NAME UUID LINE…     a device with these lines of a table, or none
//	load NAME LINE…            an inactive table
//	rename NAME NEW
//	message NAME TEXT
//	suspend|hold|event NAME
//	fail COMMAND ERRNO         the next such request to the kernel
//	device-mapper none|root|node|there
//
// and what [machine.doLVM], [machine.doPool] and [machine.doThin] do.
func (m *machine) Do(args []string) error {
	if known, err := m.doThin(args); known {
		return err
	}
	if known, err := m.doLVM(args); known {
		return err
	}
	if known, err := m.doPool(args); known {
		return err
	}
	d := m.conn.Device(dm.ByName(args[1]))
	switch args[0] {
	case "disk":
		size, err := strconv.ParseUint(args[2], 10, 64)
		if err != nil {
			return err
		}
		dev := m.kernel.AddDisk("/dev/"+args[1], units.Sectors(size))
		return os.Symlink("../../devices/"+args[1], filepath.Join(m.env.sysfs, "dev/block", dev.String()))
	case "create":
		table, err := dm.ParseTable(strings.Join(args[3:], "\n"))
		if err != nil {
			return err
		}
		_, err = m.conn.Create(context.Background(), dm.CreateRequest{Name: args[1], UUID: args[2], Table: table})
		return err
	case "load":
		table, err := dm.ParseTable(strings.Join(args[2:], "\n"))
		if err != nil {
			return err
		}
		return d.Load(table, dm.TableOptions{})
	case "rename":
		_, err := d.Rename(context.Background(), args[2])
		return err
	case "message":
		_, err := d.Message(0, args[2])
		return err
	case "suspend":
		return d.Suspend(dm.SuspendOptions{})
	case "hold":
		_, err := m.kernel.Hold(args[1])
		return err
	case "event":
		return m.kernel.Event(args[1])
	case "fail":
		return m.fail(args[1], args[2])
	case "device-mapper":
		return m.setDeviceMapper(args[1])
	}
	return fmt.Errorf("no such thing to do: %q", args[0])
}

func (m *machine) fail(command, errno string) error {
	errnos := map[string]syscall.Errno{"ENXIO": syscall.ENXIO, "ENOMEM": syscall.ENOMEM}
	for c := range ioctl.Cmd(ioctl.Commands) {
		if c.String() == command && errnos[errno] != 0 {
			m.kernel.Fail(c, 1, errnos[errno])
			return nil
		}
	}
	return fmt.Errorf("no command %q or errno %q", command, errno)
}

// setDeviceMapper makes opening the control node fail as it does on a real
// machine.
func (m *machine) setDeviceMapper(state string) error {
	fail := func(err error) error {
		m.env.openDM = func(*dm.Config) (*dm.Conn, error) { return nil, &dm.Error{Op: "open", Err: err} }
		return nil
	}
	node := func(errno syscall.Errno) error {
		return &fs.PathError{Op: "open", Path: "/dev/mapper/control", Err: errno}
	}
	switch state {
	case "none":
		return fail(fmt.Errorf("%w: the kernel has no device-mapper: %w", node(syscall.ENODEV), errors.ErrUnsupported))
	case "root":
		return fail(node(syscall.EACCES))
	case "node":
		return fail(node(syscall.ENOENT))
	case "there":
		m.env.openDM = func(*dm.Config) (*dm.Conn, error) { return m.reopen() }
		return nil
	}
	return fmt.Errorf("no such state: %q", state)
}
