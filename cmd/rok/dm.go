package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
)

func dmCommand(e *env) *cobra.Command {
	c := cli.Group("dm", "", dmLs(e), dmInfo(e), dmTable(e), dmStatus(e), dmDeps(e), dmTargets(e), dmEvents(e))
	c.Long = `Show what the kernel's device-mapper has. Nothing is changed.

DEV is a device's name, its number MAJOR:MINOR, or a path such as
/dev/mapper/NAME, /dev/dm-N or /dev/VG/LV; --uuid names devices by UUID.`
	c.Example = "  rok dm ls\n  rok dm status pool"
	return c
}

// deviceMapper opens the control node. Where it cannot, the error says what
// would help, in one line.
func deviceMapper(e *env) (*dm.Conn, error) {
	conn, err := e.openDM(nil)
	if err != nil {
		return nil, deviceMapperError(err)
	}
	return conn, nil
}

func deviceMapperError(err error) error {
	cause := err
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		cause = path
	}
	// These errors are about the machine, not about an object that was named:
	// whatever they wrap, the code is Failed.
	fail := func(what, next string) error {
		return &cli.Error{Err: fmt.Errorf("%s: %w", what, cause), Next: next, Code: cli.Failed}
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fail("device-mapper needs root", "run it as root")
	case errors.Is(err, errors.ErrUnsupported):
		return fail("the kernel has no device-mapper", "bin/vmrun runs a command on a kernel that has it")
	case errors.Is(err, fs.ErrNotExist):
		return fail("device-mapper is not loaded", "modprobe dm-mod loads it, where the kernel has it")
	}
	return err
}

// withDeviceMapper makes a command's function of one that needs a Conn.
func withDeviceMapper(e *env, run func(c *cobra.Command, conn *dm.Conn, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) (err error) {
		conn, err := deviceMapper(e)
		if err != nil {
			return err
		}
		defer func() { err = cmp.Or(err, conn.Close()) }()
		return run(c, conn, args)
	}
}

// deviceView begins what JSON says about any device.
type deviceView struct {
	Name   string `json:"name"`
	Number string `json:"number"`
	UUID   string `json:"uuid"`
}

func viewDevice(i dm.Info) deviceView {
	return deviceView{Name: i.Name, Number: i.Dev.String(), UUID: i.UUID}
}

// state says in a word whether I/O goes through a device.
func state(i dm.Info) string {
	switch {
	case i.Suspended:
		return "suspended"
	case !i.Active:
		return "no-table"
	}
	return "active"
}
