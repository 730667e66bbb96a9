package metadata

import (
	"context"
	"errors"
	"io"

	"github.com/rok-storage/rok/units"
)

// Overrides are values of a pool that are to be others than a source of it
// says. Nil leaves a value as it is.
type Overrides struct {
	TransactionID *uint64
	DataBlockSize *units.Sectors
	DataBlocks    *uint64
}

func (o Overrides) apply(p *Pool) {
	if o.TransactionID != nil {
		p.TransactionID = *o.TransactionID
	}
	if o.DataBlockSize != nil {
		p.DataBlockSize = *o.DataBlockSize
	}
	if o.DataBlocks != nil {
		p.DataBlocks = *o.DataBlocks
	}
}

// Restore writes the pool that the XML from r tells of onto the first size
// bytes of w, as [DecodeXML] reads and [Writer] writes: devices are in the order
// of their ids, and mappings in that of their virtual blocks. Errors are those of both; before one, metadata on w is gone
// where the text told of more than 128 KiB of it, and otherwise untouched.
func Restore(ctx context.Context, r io.Reader, w io.WriterAt, size units.Bytes, o Overrides) (Written, error) {
	sink := &restorer{w: w, size: size, overrides: o}
	err := DecodeXML(ctx, r, sink)
	if short := (*NoRoomError)(nil); errors.As(err, &short) {
		return Written{}, short // which is no fault of the text
	}
	if err != nil {
		return Written{}, err
	}
	return sink.Commit()
}

// restorer is a Writer that is made when the text has told of the pool.
type restorer struct {
	*Writer
	w         io.WriterAt
	size      units.Bytes
	overrides Overrides
}

func (s *restorer) Pool(p Pool) (err error) {
	s.overrides.apply(&p)
	s.Writer, err = NewWriter(s.w, s.size, p)
	return err
}
