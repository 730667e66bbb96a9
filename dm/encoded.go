package dm

import (
	"errors"
	"io/fs"

	"github.com/rok-storage/rok/ioctl"
)

// EncodedTable is a table in the form that the kernel takes: for programs that
// load the same one onto many devices, or again and again. Loading it costs
// one system call and nothing for each segment. See [Table.Encode].
//
// It must not be used by two goroutines at once.
type EncodedTable struct {
	table  Table
	header ioctl.Header // without a device; the kernel overwrites the buffer's
	buf    ioctl.Buffer
}

// Encode checks t and encodes it. The result holds t, which must not be
// changed any more. The error is a [*TableError].
func (t Table) Encode() (*EncodedTable, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	e := &EncodedTable{table: t}
	if t.secret() {
		return e, nil // the kernel wipes the buffer of a key, so that each load needs a new one
	}
	r := request{cmd: ioctl.TableLoad, table: t}
	if _, err := r.encode(&e.buf, ioctl.HeaderSize, nil); err != nil {
		return nil, err
	}
	e.header = *e.buf.Header()
	return e, nil
}

// LoadEncoded is [Device.Load] of the table that e was made of.
func (d *Device) LoadEncoded(e *EncodedTable, opts TableOptions) error {
	if e.header.DataSize == 0 {
		return d.Load(e.table, opts)
	}
	r := request{cmd: ioctl.TableLoad, flags: opts.flags(), id: d.id}
	if err := d.conn.check(&r); err != nil {
		return &Error{Op: r.op(), Device: d.id.String(), Err: err}
	}
	h := e.buf.Header()
	*h = e.header
	h.Flags |= r.flags
	if err := r.encodeID(&e.buf); err != nil {
		return d.Load(e.table, opts) // which knows the name's other form
	}
	err := d.conn.send(&r, &e.buf)
	switch {
	case err == nil:
		return nil
	case tableRefused(err):
		return d.Load(e.table, opts) // which finds the segment at fault
	case errors.Is(err, fs.ErrClosed):
		return err
	}
	return d.afterFailure(err)
}
