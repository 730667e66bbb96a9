package dm

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// SegmentStatus is what the target of one segment reports.
type SegmentStatus struct {
	Start, Length units.Sectors
	Status        Status
}

// AppendText appends s as dmsetup prints it.
func (s SegmentStatus) AppendText(b []byte) []byte {
	b = appendSegment(b, s.Start, s.Length, s.Status.Type())
	return s.Status.AppendStatus(append(b, ' '))
}

// String prints s as dmsetup does.
func (s SegmentStatus) String() string { return string(s.AppendText(nil)) }

// StatusOptions says which status is meant. The zero value is the status of
// the active table.
type StatusOptions struct {
	// NoFlush does not write out a thin pool's metadata first: what the
	// status says may then be a second old, and asking does not block.
	NoFlush bool
	// Inactive means the inactive table. Needs device-mapper 4.16.
	Inactive bool
	// IMA asks for what the kernel's integrity subsystem would measure, as
	// [RawStatus]. Needs device-mapper 4.45.
	IMA bool
}

func (o StatusOptions) flags() ioctl.Flags {
	var f ioctl.Flags
	if o.NoFlush {
		f |= ioctl.FlagNoFlush
	}
	if o.Inactive {
		f |= ioctl.FlagQueryInactive
	}
	if o.IMA {
		f |= ioctl.FlagIMAMeasurement
	}
	return f
}

// Status asks each segment's target for its state. A line that the type's
// parser does not understand comes as [RawStatus].
func (d *Device) Status(opts StatusOptions) ([]SegmentStatus, error) {
	var status []SegmentStatus
	r := d.statusRequest(opts)
	err := d.conn.do(&r, func(b *ioctl.Buffer) error {
		lines := b.Targets()
		for lines.Next() {
			typ, params := string(lines.Type), string(lines.Params)
			s, err := ParseStatus(typ, params)
			if err != nil || opts.IMA {
				s = RawStatus{Name: typ, Params: params}
			}
			status = append(status, SegmentStatus{
				Start: units.Sectors(lines.Start), Length: units.Sectors(lines.Length), Status: s,
			})
		}
		return lines.Err()
	})
	return status, err
}

func (d *Device) statusRequest(opts StatusOptions) request {
	return request{cmd: ioctl.TableStatus, flags: opts.flags(), id: d.id}
}

// TableQuery says which table is meant. The zero value is the active one.
type TableQuery struct {
	// Inactive means the inactive table. Needs device-mapper 4.16.
	Inactive bool
}

// Table reads the table back from the kernel. Devices are numbers there. A
// line that the type's parser does not understand comes as [Raw]. A device
// without a table has an empty one. Keys come with it: see [Table.Redact].
func (d *Device) Table(q TableQuery) (Table, error) {
	var t Table
	r := d.tableRequest(q)
	err := d.conn.do(&r, func(b *ioctl.Buffer) (err error) {
		t, err = readTable(b)
		return err
	})
	return t, err
}

// State is [Device.Info] and the active table, in one request.
func (d *Device) State() (Info, Table, error) {
	var info Info
	var t Table
	r := d.tableRequest(TableQuery{})
	err := d.conn.do(&r, func(b *ioctl.Buffer) (err error) {
		info.read(b)
		t, err = readTable(b)
		return err
	})
	return info, t, err
}

func readTable(b *ioctl.Buffer) (t Table, err error) {
	lines := b.Targets()
	for lines.Next() {
		typ, params := string(lines.Type), string(lines.Params)
		target, err := ParseTarget(typ, params)
		if err != nil {
			target = Raw{Name: typ, Params: params}
		}
		t = append(t, Segment{
			Start: units.Sectors(lines.Start), Length: units.Sectors(lines.Length), Target: target,
		})
	}
	return t, lines.Err()
}

func (d *Device) tableRequest(q TableQuery) request {
	r := request{cmd: ioctl.TableStatus, flags: ioctl.FlagStatusTable | ioctl.FlagNoFlush | d.conn.secure(), id: d.id}
	if q.Inactive {
		r.flags |= ioctl.FlagQueryInactive
	}
	return r
}

// secure is SECURE_DATA where the kernel knows it, for what holds a key
// perhaps.
func (c *Conn) secure() ioctl.Flags {
	if c.abi.Less(ioctl.FlagSecureData.MinABI(ioctl.TableStatus)) {
		return 0
	}
	return ioctl.FlagSecureData
}

// mayHoldKey reports whether message begins as "key set KEY" does, which
// crypt_message of drivers/md/dm-crypt.c takes in any case.
func mayHoldKey(message string) bool {
	message = strings.TrimLeft(message, " \t\n\v\f\r")
	return len(message) >= 3 && strings.EqualFold(message[:3], "key")
}

// Message sends a message to the target that holds the given sector, and
// returns its reply, which is empty for most. What the target makes of it, and
// which errno it fails with, is the target's. Needs device-mapper 4.2. The
// buffers of one that begins with "key", which may hold one, are wiped.
//
// A reply larger than 64 KiB is lost, and the error is a [*ReplyError]: the
// message had its effect, and sending it again would repeat it.
func (d *Device) Message(sector units.Sectors, message string) (string, error) {
	if len(message) > ioctl.MaxSize/2 {
		return "", &Error{Op: ioctl.TargetMsg.String(), Device: d.id.String(), Err: ioctl.ErrTooLong}
	}
	var reply string
	r := request{cmd: ioctl.TargetMsg, id: d.id, sector: sector, text: message}
	if mayHoldKey(message) {
		r.flags |= d.conn.secure()
	}
	err := d.conn.do(&r, func(b *ioctl.Buffer) error {
		if b.Header().Flags&ioctl.FlagActivePresent == 0 && !strings.HasPrefix(message, "@") {
			// Some kernels say that all went well: the missing table is an
			// error in target_message since late releases of 6.1 only.
			return fmt.Errorf("no active table: %w", syscall.EINVAL)
		}
		text, err := b.Message()
		reply = string(text)
		return err
	})
	return reply, err
}

// WaitBlocking waits with DM_DEV_WAIT until the device's event number is above
// eventNr, and returns its state. It occupies a thread, and nothing but an
// event or the device's removal ends it: [Conn.Watch] is better wherever the
// kernel has device-mapper 4.37.
func (d *Device) WaitBlocking(eventNr uint32) (Info, error) {
	return d.do(&request{cmd: ioctl.DevWait, eventNr: eventNr})
}

// Wait waits until the device's event number is above eventNr, and returns its
// state. It fails with [fs.ErrNotExist] when the device is removed, and with
// the context's error. Needs device-mapper 4.37.
func (d *Device) Wait(ctx context.Context, eventNr uint32) (Info, error) {
	w, err := d.conn.Watch()
	if err != nil {
		return Info{}, err
	}
	defer w.Close()
	for {
		// The watcher is armed before the number is read, so that an event in
		// between ends the wait.
		info, err := d.Info()
		if err != nil || int32(info.EventNr-eventNr) > 0 {
			return info, renamed(err, ioctl.DevWait.String())
		}
		if err := w.wait(ctx); err != nil {
			return info, &Error{Op: ioctl.DevWait.String(), Device: d.id.String(), Err: err}
		}
	}
}
