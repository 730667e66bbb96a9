package dm

import (
	"fmt"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// request is one request to the kernel as a value. It can be encoded again and
// again: a reply that did not fit, or a wiped buffer, overwrites the bytes.
type request struct {
	cmd     ioctl.Cmd
	flags   ioctl.Flags
	id      ID
	uuid    string // create: beside the name
	minor   *uint32
	eventNr uint32 // wait: the event; remove, rename, resume: the udev cookie
	table   Table
	text    string // rename, geometry, target version, message
	sector  units.Sectors
	isText  bool
	raw     bool // name and UUID go to the kernel as they are
}

// encode writes r into b, with room for a reply of size bytes in all. scratch
// is memory for one segment's params, returned for the next use.
func (r *request) encode(b *ioctl.Buffer, size int, scratch []byte) ([]byte, error) {
	b.Reset(r.cmd, r.flags, size)
	h := b.Header()
	v := r.flags.MinABI(r.cmd)
	h.Version = [3]uint32{v.Major, v.Minor, v.Patch}
	h.EventNr = r.eventNr
	if err := r.encodeID(b); err != nil {
		return scratch, err
	}
	switch {
	case r.cmd == ioctl.TableLoad:
		return r.encodeTable(b, scratch)
	case r.cmd == ioctl.TargetMsg:
		return scratch, b.AppendMessage(uint64(r.sector), r.text)
	case r.isText:
		return scratch, b.AppendString(r.text)
	}
	return scratch, nil
}

// encodeID names the device. The kernel wants exactly one of name, UUID and
// number; only create takes name and UUID.
func (r *request) encodeID(b *ioctl.Buffer) error {
	h := b.Header()
	uuid := r.uuid
	switch {
	case r.id.kernel != "":
		if err := b.SetName(r.id.kernel); err != nil {
			return err
		}
	case r.id.name != "":
		if err := b.SetName(r.inKernel(r.id.name)); err != nil {
			return err
		}
	case r.id.uuid != "":
		uuid = r.id.uuid
	default:
		h.Dev = r.id.dev.Uint64()
	}
	if r.minor != nil {
		h.Flags |= ioctl.FlagPersistentDev
		h.Dev = Dev{Minor: *r.minor}.Uint64()
	}
	if uuid != "" {
		return b.SetUUID(r.inKernel(uuid))
	}
	return nil
}

// inKernel is a name or a UUID as the kernel has it.
func (r *request) inKernel(name string) string {
	if r.raw {
		return name
	}
	return NodeName(name)
}

// hasOtherForm reports whether the device that r names may stand in the kernel
// with bytes that r has escaped.
func (r *request) hasOtherForm() bool {
	name := r.id.name + r.id.uuid
	return !r.raw && r.id.kernel == "" && r.cmd != ioctl.DevCreate && takesDevice(r.cmd) && NodeName(name) != name
}

func (r *request) encodeTable(b *ioctl.Buffer, scratch []byte) ([]byte, error) {
	for i, s := range r.table {
		var err error
		scratch, err = s.Target.AppendParams(scratch[:0])
		if err == nil {
			err = b.AppendTarget(uint64(s.Start), uint64(s.Length), s.Target.Type(), scratch)
		}
		if err != nil {
			return scratch, &TableError{Segment: i + 1, Err: fmt.Errorf("%s: %w", s.Target.Type(), err)}
		}
	}
	return scratch, nil
}

// setUUIDOp is what a rename with FlagUUID is called.
const setUUIDOp = "set UUID of"

// op names the operation in errors and traces.
func (r *request) op() string {
	switch {
	case r.cmd == ioctl.DevSuspend && r.flags&ioctl.FlagSuspend == 0:
		return "resume"
	case r.cmd == ioctl.DevRename && r.flags&ioctl.FlagUUID != 0:
		return setUUIDOp
	}
	return r.cmd.String()
}

// takesDevice reports whether cmd acts on one device.
func takesDevice(cmd ioctl.Cmd) bool {
	switch cmd {
	case ioctl.Version, ioctl.RemoveAll, ioctl.ListDevices, ioctl.ListVersions, ioctl.GetTargetVersion, ioctl.DevArmPoll:
		return false
	}
	return true
}
