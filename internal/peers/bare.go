package main

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// controlNode is what all contenders open.
const controlNode = "/dev/mapper/control"

// bare is the least that a Go program can do: one system call on an open
// descriptor, with a buffer that was filled in before. Nothing looks at the
// reply, but for its header.
type bare struct {
	fd        int
	listFlags ioctl.Flags // with which rok lists
}

func openBare() (*bare, error) {
	fd, err := unix.Open(controlNode, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", controlNode, err)
	}
	b := &bare{fd: fd}
	v, err := encode(ioctl.Version, 0, "", ioctl.HeaderSize, nil)
	if err == nil {
		err = b.send(v)
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	if !v.buffer.Header().ABI().Less(ioctl.FlagUUID.MinABI(ioctl.ListDevices)) {
		b.listFlags = ioctl.FlagUUID
	}
	return b, nil
}

func (*bare) name() string { return "bare ioctl" }

// request is an encoded request. The kernel overwrites the header with its
// reply, so that the header alone is written anew each time.
type request struct {
	cmd    ioctl.Cmd
	header ioctl.Header
	buffer *ioctl.Buffer
}

// encode makes a request of at least size bytes. device may be empty, and t.
func encode(cmd ioctl.Cmd, flags ioctl.Flags, device string, size int, t dm.Table) (*request, error) {
	r := &request{cmd: cmd, buffer: new(ioctl.Buffer)}
	r.buffer.Reset(cmd, flags, size)
	err := r.buffer.SetName(device)
	var params []byte
	for _, s := range t {
		params, _ = s.Target.AppendParams(params[:0])
		err = errors.Join(err, r.buffer.AppendTarget(uint64(s.Start), uint64(s.Length), s.Target.Type(), params))
	}
	r.header = *r.buffer.Header()
	return r, err
}

// send carries out r.
func (b *bare) send(r *request) error {
	h := r.buffer.Header()
	*h = r.header
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(b.fd), r.cmd.Request(), uintptr(unsafe.Pointer(h)))
	switch {
	case errno != 0:
		return errno
	case h.Flags&ioctl.FlagBufferFull != 0:
		return errors.New("the reply does not fit")
	}
	return nil
}

// ready is the operation of sending one encoded request.
func (b *bare) ready(r *request, err error) operation {
	if err != nil {
		return fails(err)
	}
	return func() error { return b.send(r) }
}

func (b *bare) version() operation {
	return b.ready(encode(ioctl.Version, 0, "", ioctl.HeaderSize, nil))
}

// list has room for names as long as those of the stand, in a power of two as
// programs have that do not know the number of devices.
func (b *bare) list(devices int) operation {
	size := smallReply
	for size < ioctl.HeaderSize+devices*bytesPerName {
		size *= 2
	}
	return b.ready(encode(ioctl.ListDevices, b.listFlags, "", size, nil))
}

func (b *bare) info(device string) operation {
	return b.ready(encode(ioctl.DevStatus, 0, device, ioctl.HeaderSize, nil))
}

func (b *bare) status(device string) operation {
	return b.ready(encode(ioctl.TableStatus, 0, device, smallReply, nil))
}

func (b *bare) load(device string, t dm.Table) operation {
	return b.ready(encode(ioctl.TableLoad, 0, device, ioctl.HeaderSize, t))
}

func (b *bare) cycle(device string, t dm.Table) operation {
	var steps []*request
	for _, cmd := range []ioctl.Cmd{ioctl.DevCreate, ioctl.TableLoad, ioctl.DevSuspend, ioctl.DevRemove} {
		table := t
		if cmd != ioctl.TableLoad {
			table = nil
		}
		r, err := encode(cmd, 0, device, ioctl.HeaderSize, table)
		if err != nil {
			return fails(err)
		}
		steps = append(steps, r)
	}
	return func() error {
		for _, r := range steps {
			if err := b.send(r); err != nil {
				return fmt.Errorf("%s: %w", r.cmd, err)
			}
		}
		return nil
	}
}

func (b *bare) close() error { return unix.Close(b.fd) }
