package metadata

import (
	"errors"
	"io"
)

// DeltaFormat says how a [Delta] is written. The zero value: runs without data blocks,
// and the first damage ends it.
type DeltaFormat struct {
	// Verbose tells the data blocks too.
	Verbose bool
	// Damage is told each [CorruptError], as in [DumpOptions].
	Damage func(error) error
}

// WriteXML writes the changes as thin_delta 0.9 does, byte for byte if [DeltaOptions].Same
// is set; without, it leaves out the elements called same.
func (d *Delta) WriteXML(w io.Writer, f DeltaFormat) error {
	if f.Verbose {
		return d.write(w, f, &verboseDeltaXML{})
	}
	return d.write(w, f, deltaXML{})
}

// WriteJSON writes the changes as one JSON document, one to a line.
func (d *Delta) WriteJSON(w io.Writer, f DeltaFormat) error {
	return d.write(w, f, &deltaJSON{verbose: f.Verbose})
}

// WriteTable writes the changes as lines for people, below headings. Columns are as
// wide as numbers up to a million million need.
func (d *Delta) WriteTable(w io.Writer, f DeltaFormat) error {
	return d.write(w, f, deltaTable{verbose: f.Verbose})
}

// deltaPrinter prints the parts of a delta by appending them to b.
type deltaPrinter interface {
	begin(b []byte, d *Delta) []byte
	change(b []byte, c Change) []byte
	end(b []byte) []byte
}

// write prints the changes. What is not verbose joins runs wherever data blocks lie.
func (d *Delta) write(w io.Writer, f DeltaFormat, p deltaPrinter) error {
	out := &appender{w: w}
	out.b = p.begin(out.b, d)
	var run Change
	flush := func() error {
		if run.Length > 0 {
			out.b = p.change(out.b, run)
		}
		run = Change{}
		return out.flushFull()
	}
	for c, err := range d.Changes() {
		if err != nil {
			if err := flush(); err != nil {
				return err
			}
			if f.Damage == nil || !errors.Is(err, ErrCorrupt) {
				return err
			}
			if err := f.Damage(err); err != nil {
				return err
			}
			continue
		}
		if !f.Verbose && run.Length > 0 && run.Kind == c.Kind && run.Virtual+run.Length == c.Virtual {
			run.Length += c.Length
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		run = c
	}
	if err := flush(); err != nil {
		return err
	}
	out.b = p.end(out.b)
	return out.flush()
}
