package dm

import (
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// Lines is a table or a status as the kernel printed it, segment by segment and
// unparsed, in memory that the caller reuses: for programs that look at many
// devices again and again.
//
//	var lines dm.Lines
//	for {
//		if err := dev.ReadStatus(&lines, dm.StatusOptions{NoFlush: true}); err != nil { … }
//		for lines.Next() { … lines.Type(), lines.Params() … }
//		if err := lines.Err(); err != nil { … }
//	}
//
// The zero value is empty. Read into again, it allocates nothing unless the
// reply outgrows its memory. It must not be used by two goroutines at once.
type Lines struct {
	scratch scratch
	reader  ioctl.TargetReader
	op      string
	device  ID
}

// ReadStatus is [Device.Status] into l.
func (d *Device) ReadStatus(l *Lines, opts StatusOptions) error {
	r := d.statusRequest(opts)
	return l.read(d.conn, &r)
}

// ReadTable is [Device.Table] into l. Keys come with it, and stay in l until
// [Lines.Wipe].
func (d *Device) ReadTable(l *Lines, q TableQuery) error {
	r := d.tableRequest(q)
	return l.read(d.conn, &r)
}

func (l *Lines) read(c *Conn, r *request) error {
	l.reader, l.op, l.device = ioctl.TargetReader{}, r.op(), r.id
	if err := c.find(r, &l.scratch); err != nil {
		return err
	}
	l.reader = l.scratch.buf.Targets()
	return nil
}

// Next goes on to the next segment. It returns false behind the last one, and
// where the reply contradicts itself.
func (l *Lines) Next() bool { return l.reader.Next() }

// Start is the segment's first sector.
func (l *Lines) Start() units.Sectors { return units.Sectors(l.reader.Start) }

// Length is the segment's length.
func (l *Lines) Length() units.Sectors { return units.Sectors(l.reader.Length) }

// Type is the name of the segment's target. It is valid until l is read into
// again.
func (l *Lines) Type() []byte { return l.reader.Type }

// Params is what stands behind the type: see [ParseTarget] and [ParseStatus].
// It is valid until l is read into again.
func (l *Lines) Params() []byte { return l.reader.Params }

// Err is what ended the reading early: [ioctl.ErrReply] in an [*Error], or nil.
func (l *Lines) Err() error {
	if err := l.reader.Err(); err != nil {
		return &Error{Op: l.op, Device: l.device.String(), Err: err}
	}
	return nil
}

// Wipe overwrites what l holds with zeros, and leaves it empty.
func (l *Lines) Wipe() {
	l.scratch.wipe()
	l.reader = ioctl.TargetReader{}
}
