package metadata

import (
	"errors"
	"io"
	"slices"
)

// DumpOptions say what a dump holds. The zero value: everything, and the first
// damage ends it.
type DumpOptions struct {
	// Devices are the ids of the devices to dump, in any order. Empty: all.
	// Those that do not exist are left out.
	Devices []uint64
	// SkipMappings leaves out what the devices map.
	SkipMappings bool
	// Damage is told each [CorruptError], and the dump goes on with what is
	// still readable if it returns nil. Nil: the first one ends the dump, which
	// is then no complete document.
	Damage func(error) error
}

// wants reports whether the dump holds device id.
func (o DumpOptions) wants(id uint64) bool {
	return len(o.Devices) == 0 || slices.Contains(o.Devices, id)
}

// damaged hands on err, and returns why the dump cannot go on.
func (o DumpOptions) damaged(err error) error {
	if o.Damage == nil || !errors.Is(err, ErrCorrupt) {
		return err
	}
	return o.Damage(err)
}

// dumper prints the parts of a dump, in the order in which they are read, by
// appending them to b.
type dumper interface {
	begin(b []byte, sb Superblock) []byte
	beginDevice(b []byte, d ThinDevice) []byte
	mapping(b []byte, m Mapping) []byte
	endDevice(b []byte) []byte
	end(b []byte) []byte
}

// dump reads what o asks for and writes to w what p makes of it. Memory is
// independent of what is read.
func (t *Trees) dump(w io.Writer, p dumper, o DumpOptions) error {
	out := &appender{w: w}
	out.b = p.begin(out.b, t.sb)
	mappings := t.m.mappingCursor(ThinDevice{})
	for d, err := range t.Devices() {
		if err != nil {
			if !o.concerns(err) {
				continue
			}
			if err := o.damaged(err); err != nil {
				return err
			}
		}
		if d.Root == 0 || !o.wants(d.ID) {
			continue
		}
		out.b = p.beginDevice(out.b, d)
		if !o.SkipMappings {
			mappings.restart(d)
			if err := dumpMappings(out, p, mappings, o); err != nil {
				return err
			}
		}
		out.b = p.endDevice(out.b)
		if err := out.flushFull(); err != nil {
			return err
		}
	}
	out.b = p.end(out.b)
	return out.flush()
}

func dumpMappings(out *appender, p dumper, c *cursor, o DumpOptions) error {
	for run, err := range c.mappings() {
		if err != nil {
			if err := o.damaged(err); err != nil {
				return err
			}
			continue
		}
		out.b = p.mapping(out.b, run)
		if err := out.flushFull(); err != nil {
			return err
		}
	}
	return nil
}

// concerns reports whether err may be about a device that the dump holds.
func (o DumpOptions) concerns(err error) bool {
	e, ok := errors.AsType[*CorruptError](err)
	return !ok || len(o.Devices) == 0 || slices.ContainsFunc(o.Devices, e.Devices.Contains)
}

// appender collects what is appended to b and writes it in large pieces.
type appender struct {
	w io.Writer
	b []byte
}

const appenderSize = 64 << 10

// flushFull writes if there is enough for a write.
func (a *appender) flushFull() error {
	if len(a.b) < appenderSize {
		return nil
	}
	return a.flush()
}

func (a *appender) flush() error {
	_, err := a.w.Write(a.b)
	a.b = a.b[:0]
	return err
}
