package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

const (
	// smallReply is the room for the reply of a small request.
	smallReply = 4 << 10
	// bytesPerName is more than a device of the stand takes in a list: a name
	// of 24 bytes, number, event number, flags and padding.
	bytesPerName = 60
	nameOffset   = 48 // offsetof(struct dm_ioctl, name)
	specSize     = 40 // sizeof(struct dm_target_spec)
)

// openClose is the pattern of anatol/devmapper.go, written anew: each call
// opens the control node, makes a buffer, and closes the node. A segment costs
// two allocations, one for its params and one for its encoding.
type openClose struct {
	last string // what the last status said: a result that nobody keeps need not be made
}

func (*openClose) name() string { return "open-ioctl-close" }

// call carries out one request, with room for a reply of size bytes, and
// returns the buffer.
func (*openClose) call(cmd ioctl.Cmd, device string, targets int, data []byte, size int) (_ []byte, err error) {
	f, err := os.OpenFile(controlNode, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf := make([]byte, max(size, ioctl.HeaderSize+len(data)))
	order := binary.NativeEndian
	order.PutUint32(buf, 4) // version 4.0.0
	order.PutUint32(buf[12:], uint32(len(buf)))
	order.PutUint32(buf[16:], ioctl.HeaderSize)
	order.PutUint32(buf[20:], uint32(targets))
	copy(buf[nameOffset:], device)
	copy(buf[ioctl.HeaderSize:], data)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), cmd.Request(), uintptr(unsafe.Pointer(&buf[0])))
	if errno != 0 {
		return nil, os.NewSyscallError("ioctl", errno)
	}
	return buf, nil
}

func (o *openClose) version() operation {
	return func() error {
		_, err := o.call(ioctl.Version, "", 0, nil, 0)
		return err
	}
}

// list reads names as struct dm_name_list has them, one string each.
func (o *openClose) list(devices int) operation {
	size := smallReply
	for size < ioctl.HeaderSize+devices*bytesPerName {
		size *= 2
	}
	type device struct {
		dev  uint64
		name string
	}
	return func() error {
		buf, err := o.call(ioctl.ListDevices, "", 0, nil, size)
		if err != nil {
			return err
		}
		var list []device
		order := binary.NativeEndian
		for at := buf[order.Uint32(buf[16:]):]; ; {
			name := at[12:]
			list = append(list, device{order.Uint64(at), string(name[:bytes.IndexByte(name, 0)])})
			next := order.Uint32(at[8:])
			if next == 0 {
				break
			}
			at = at[next:]
		}
		if len(list) < devices {
			return fmt.Errorf("%d devices in the list, want %d", len(list), devices)
		}
		return nil
	}
}

func (o *openClose) info(device string) operation {
	return func() error {
		_, err := o.call(ioctl.DevStatus, device, 0, nil, 0)
		return err
	}
}

func (o *openClose) status(device string) operation {
	return func() error {
		buf, err := o.call(ioctl.TableStatus, device, 0, nil, smallReply)
		if err != nil {
			return err
		}
		start := binary.NativeEndian.Uint32(buf[16:])
		params := buf[start+specSize:]
		o.last = string(params[:bytes.IndexByte(params, 0)])
		return nil
	}
}

// params makes the params of the targets that the stand uses.
func params(t dm.Target) string {
	linear, ok := t.(dm.Linear)
	if !ok {
		return ""
	}
	b := linear.Dev.Dev.AppendText(make([]byte, 0, 40))
	b = strconv.AppendUint(append(b, ' '), uint64(linear.Offset), 10)
	return string(b)
}

// spec encodes one segment: struct dm_target_spec and the params behind it.
func spec(s dm.Segment) []byte {
	params := params(s.Target)
	size := (specSize + len(params) + 1 + 7) &^ 7
	b := make([]byte, size)
	order := binary.NativeEndian
	order.PutUint64(b, uint64(s.Start))
	order.PutUint64(b[8:], uint64(s.Length))
	order.PutUint32(b[20:], uint32(size))
	copy(b[24:specSize], s.Target.Type())
	copy(b[specSize:], params)
	return b
}

func (o *openClose) sendTable(device string, t dm.Table) error {
	var data []byte
	for _, s := range t {
		data = append(data, spec(s)...)
	}
	_, err := o.call(ioctl.TableLoad, device, len(t), data, 0)
	return err
}

func (o *openClose) load(device string, t dm.Table) operation {
	return func() error { return o.sendTable(device, t) }
}

func (o *openClose) cycle(device string, t dm.Table) operation {
	return func() error {
		if _, err := o.call(ioctl.DevCreate, device, 0, nil, 0); err != nil {
			return err
		}
		if err := o.sendTable(device, t); err != nil {
			return err
		}
		for _, cmd := range []ioctl.Cmd{ioctl.DevSuspend, ioctl.DevRemove} {
			if _, err := o.call(cmd, device, 0, nil, 0); err != nil {
				return err
			}
		}
		return nil
	}
}

func (*openClose) close() error { return nil }
