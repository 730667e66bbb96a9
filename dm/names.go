package dm

import (
	"bytes"

	"github.com/rok-storage/rok/ioctl"
)

// Names is a list of all devices as the kernel printed it, in memory that the
// caller reuses: for programs that list thousands again and again.
//
//	var names dm.Names
//	for {
//		if err := conn.ReadNames(&names); err != nil { … }
//		for names.Next() { … names.Name(), names.Dev() … }
//		if err := names.Err(); err != nil { … }
//	}
//
// The zero value is empty. Read into again, it allocates nothing unless the
// reply outgrows its memory, but for names that are escaped in the kernel. It
// must not be used by two goroutines at once.
type Names struct {
	scratch scratch
	reader  ioctl.NameReader
	read    bool // the reader has a reply
}

// ReadNames is [Conn.List] into n.
func (c *Conn) ReadNames(n *Names) error {
	n.reader, n.read = ioctl.NameReader{}, false
	r := request{cmd: ioctl.ListDevices}
	if !c.abi.Less(ioctl.FlagUUID.MinABI(ioctl.ListDevices)) {
		r.flags |= ioctl.FlagUUID
	}
	if err := c.exchange(&r, &n.scratch); err != nil {
		return err
	}
	n.reader, n.read = n.scratch.buf.Names(), true
	return nil
}

// Next goes on to the next device. It returns false behind the last one, and
// where the reply contradicts itself.
func (n *Names) Next() bool { return n.read && n.reader.Next() }

// Name is the device's name. It is valid until n is read into again.
func (n *Names) Name() []byte { return plainBytes(n.reader.Name) }

// UUID is the device's UUID, which is empty where it has none, and where the
// kernel cannot list it: before device-mapper 4.45. It is valid until n is
// read into again.
func (n *Names) UUID() []byte { return plainBytes(n.reader.UUID) }

func plainBytes(kernel []byte) []byte {
	if bytes.IndexByte(kernel, '\\') < 0 {
		return kernel
	}
	return []byte(plainName(kernel))
}

// Dev is the device's number.
func (n *Names) Dev() Dev { return DevFromUint64(n.reader.Dev) }

// EventNr is the device's event number, 0 before device-mapper 4.37.
func (n *Names) EventNr() uint32 { return n.reader.EventNr }

// Err is what ended the reading early: [ioctl.ErrReply] in an [*Error], or nil.
func (n *Names) Err() error {
	if err := n.reader.Err(); err != nil {
		return &Error{Op: ioctl.ListDevices.String(), Err: err}
	}
	return nil
}
